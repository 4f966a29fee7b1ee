"""Rust: constants, enumerations and zerocopy structs of whorl-layout."""

import re
import subprocess
from pathlib import Path

from model import Item, Record, Spec, Word

TYPES = {8: "u8", 16: "U16", 32: "U32", 64: "U64"}


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"[_\d]*_", name) if part)


def grouped(value: int) -> str:
    """Hexadecimal in groups of four digits."""
    digits = f"{value:x}"
    groups = [digits[max(0, i - 4) : i] for i in range(len(digits), 0, -4)][::-1]
    return "0x" + "_".join(groups)


def doc(desc: str, fallback: str) -> str:
    return desc or fallback


def fields_of(record: Record) -> tuple[list[tuple[str, str, str]], list[tuple[Word, Item]]]:
    """The struct's fields as (name, type, doc), and the bit fields that need accessors."""
    fields, accessors, position = [], [], 0

    def gap(to: int):
        nonlocal position
        if to > position:
            fields.append((f"reserved_{position // 8}", f"[u8; {(to - position) // 8}]", "Zero."))
            position = to

    for word in record.words:
        gap(word.low)
        if word.byte_aligned:
            for item in word.items:
                gap(item.low)
                kind = TYPES[item.width]
                fields.append((item.name, f"[{kind}; {item.count}]" if item.count > 1 else kind, doc(item.desc, f"`{item.name}`.")))
                position = item.low + item.bits
        else:
            names = ", ".join(f"`{i.name}`" for i in word.items)
            fields.append((word.name, TYPES[word.width], f"Packed: {names}."))
            accessors += [(word, item) for item in word.items]
            position = word.low + word.width
        gap(word.low + word.width * word.items[0].count)
    gap(record.bytes * 8)
    return fields, accessors


def accessor(word: Word, item: Item) -> str:
    shift = item.low - word.low
    what = doc(item.desc, f"`{item.name}` of `{word.name}`.")
    return f"""
    /// {what}
    pub const fn {item.name}(&self) -> u32 {{ bits(self.{word.name}, {shift}, {item.width}) }}
    /// Sets `{item.name}` to the low {item.width} bits of `value`.
    pub const fn set_{item.name}(&mut self, value: u32) {{ self.{word.name} = with_bits(self.{word.name}, {shift}, {item.width}, value); }}"""


def struct(record: Record) -> str:
    fields, accessors = fields_of(record)
    body = "\n".join(f"    /// {d}\n    pub {n}: {t}," for n, t, d in fields)
    name = camel(record.name)
    text = f"""
/// {record.title}: {record.desc}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct {name} {{
{body}
}}
const _: () = assert!(size_of::<{name}>() == {record.bytes});
"""
    if accessors:
        text += f"impl {name} {{{''.join(accessor(w, i) for w, i in accessors)}\n}}\n"
    return text


def enumeration(choice) -> str:
    name = camel(choice.name)
    members = "\n".join(f"    /// {d}\n    {camel(n.lower())} = {v:#04x}," for n, v, d in choice.members)
    arms = "\n".join(f"            {v:#04x} => Some(Self::{camel(n.lower())})," for n, v, _ in choice.members)
    return f"""
/// Values of the `{choice.name}` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum {name} {{
{members}
}}
impl {name} {{
    /// The value of a byte, `None` for one that the specification does not name.
    pub const fn from_byte(byte: u8) -> Option<Self> {{
        match byte {{
{arms}
            _ => None,
        }}
    }}
}}
"""


def registers(spec: Spec) -> str:
    out = ["\n/// BAR0 offsets of the control and status registers and the places of their fields.\npub mod csr {"]
    for reg in spec.registers:
        upper = reg.name.upper()
        out.append(f"    /// {reg.desc or ('Register `' + reg.name + '`.')}\n    pub const {upper}: u32 = {reg.offset:#06x};")
        if len(reg.fields) == 1 and reg.fields[0][0] == "value":
            continue
        for name, low, width, _, desc in reg.fields:
            out.append(f"    /// Lowest bit of `{name}`: {desc or 'see the register.'}\n    pub const {upper}_{name.upper()}_SHIFT: u32 = {low};")
            out.append(f"    /// Mask of `{name}`, in place.\n    pub const {upper}_{name.upper()}_MASK: u32 = {grouped(((1 << width) - 1) << low)};")
    for name, (count, stride) in spec.array_stride.items():
        out.append(f"    /// Number of `{name}` register groups in the map.\n    pub const {name.upper()}_COUNT: u32 = {count};")
        out.append(f"    /// Bytes from one `{name}` group to the next.\n    pub const {name.upper()}_STRIDE: u32 = {stride:#x};")
    out.append("}\n")
    return "\n".join(out)


def parity(spec: Spec) -> str:
    """A table that packs and unpacks every record by its fields, for the comparison with the hardware's structs."""
    out = [
        "//! Generated from spec/*.rdl by `cargo xtask gen`; do not edit.\n",
        "use super::Parity;\nuse whorl_layout::*;\nuse zerocopy::{FromBytes, IntoBytes};\n",
        "/// Every record of the specification.\npub(crate) const RECORDS: &[Parity] = &[",
    ]
    for record in spec.records:
        name = camel(record.name)
        widths = [i.width for i in record.items for _ in range(i.count)]
        packs, unpacks, slot = [], [], 0
        aligned = {i.name for w in record.words if w.byte_aligned for i in w.items}
        for item in record.items:
            for n in range(item.count):
                place = f"{item.name}[{n}]" if item.count > 1 else item.name
                if item.name not in aligned:
                    packs.append(f"r.set_{item.name}(f[{slot}] as u32);")
                    unpacks.append(f"r.{item.name}().into()")
                elif item.width == 8:
                    packs.append(f"r.{place} = f[{slot}] as u8;")
                    unpacks.append(f"r.{place}.into()")
                else:
                    packs.append(f"r.{place} = (f[{slot}] as u{item.width}).into();")
                    unpacks.append(f"r.{place}.get().into()")
                slot += 1
        out.append(
            f"""Parity {{
    name: "{record.name}",
    bytes: {record.bytes},
    widths: &{widths},
    pack: |f| {{ let mut r = {name}::default(); {" ".join(packs)} r.as_bytes().to_vec() }},
    unpack: |b| {{ let r = {name}::read_from_bytes(b).expect("the record's own size"); vec![{", ".join(unpacks)}] }},
}},"""
        )
    out.append("];")
    return formatted("\n".join(out))


def formatted(source: str) -> str:
    """The source as rustfmt has it, with the repository's settings."""
    settings = Path(__file__).resolve().parents[2] / "rustfmt.toml"
    return subprocess.run(["rustfmt", "--config-path", settings], input=source, text=True, capture_output=True, check=True).stdout


def module(spec: Spec) -> str:
    out = [
        "//! Generated from spec/*.rdl by `cargo xtask gen`; do not edit.\n",
        "use crate::{bits, with_bits};\nuse zerocopy::little_endian::{U16, U32, U64};",
        "use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};\n",
        f"/// First 32 bits of the SHA-256 over the specification.\npub const SPEC_HASH: u32 = {grouped(spec.hash)};",
    ]
    for limit in spec.limits:
        # Identifiers are register-sized; everything that counts is a usize.
        kind = "u16" if limit.name.startswith("PCI_") else "u32" if limit.name == "DEVICE_MAGIC" else "usize"
        value = grouped(limit.value) if kind != "usize" else str(limit.value)
        out.append(f"/// {limit.desc}\npub const {limit.name}: {kind} = {value};")
    out += [enumeration(c) for c in spec.choices]
    out += [struct(r) for r in spec.records]
    out.append(registers(spec))
    return formatted("\n".join(out))
