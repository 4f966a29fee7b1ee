"""Markdown: the register map and the wire formats for readers."""

from model import Spec

HEADER = "<!-- Generated from spec/*.rdl by `cargo xtask gen`; do not edit. -->\n"


def registers(spec: Spec) -> str:
    out = [HEADER, "# Control and status registers\n", spec.csr.get_property("desc") + "\n"]
    for name, (count, stride) in spec.array_stride.items():
        out.append(f"`{name}` stands {count} times, {stride:#x} bytes apart; the offsets are those of the first.\n")
    out.append("| offset | register | bits | field | access | meaning |\n|---|---|---|---|---|---|")
    for reg in spec.registers:
        for i, (name, low, width, access, desc) in enumerate(reg.fields):
            bits = f"{low + width - 1}:{low}" if width > 1 else str(low)
            head = f"`{reg.offset:#06x}` | `{reg.name}`" if i == 0 else " | "
            shown = "" if name == "value" else f"`{name}`"
            out.append(f"| {head} | {bits} | {shown} | {access} | {desc or reg.desc} |")
    return "\n".join(out) + "\n"


def formats(spec: Spec) -> str:
    out = [HEADER, "# Wire formats\n", "Everything is little endian; bits count from bit 0 of the first byte. What no row names is zero.\n"]
    out.append(f"Specification hash: `{spec.hash:08x}`.\n\n## Limits\n\n| name | value | meaning |\n|---|---|---|")
    out += [f"| `{limit.name}` | {limit.value} | {limit.desc} |" for limit in spec.limits]
    for choice in spec.choices:
        out.append(f"\n## `{choice.name}`\n\n| value | name | meaning |\n|---|---|---|")
        out += [f"| {v:#04x} | `{n}` | {d} |" for n, v, d in choice.members]
    for record in spec.records:
        out.append(f"\n## {record.title} (`{record.name}`, {record.bytes} bytes)\n\n{record.desc}\n\n| byte | bits | field | meaning |\n|---|---|---|---|")
        for item in record.items:
            first, low = divmod(item.low, 8)
            size = f"{item.width}" if item.count == 1 else f"{item.count} x {item.width}"
            place = f"{first}" if low == 0 else f"{first}.{low}"
            out.append(f"| {place} | {size} | `{item.name}` | {item.desc} |")
    return "\n".join(out) + "\n"
