"""What the emitters need to know of the specification, read from the SystemRDL sources."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from peakrdl_regblock.udps import ALL_UDPS
from systemrdl import RDLCompiler
from systemrdl.node import AddrmapNode, FieldNode, RegfileNode, RegNode

SPEC = Path(__file__).resolve().parent.parent
SOURCES = ["limits.rdl", "record.rdl", "queue.rdl", "csr.rdl"]


@dataclass
class Limit:
    name: str
    value: int
    desc: str


@dataclass
class Item:
    """A field of a record: bits `low..low+width` counted from the record's first byte."""

    name: str
    low: int
    width: int
    desc: str
    count: int = 1  # more than one for an array of words

    @property
    def bits(self) -> int:
        return self.width * self.count


@dataclass
class Word:
    """A register-sized piece of a record, with the fields inside it."""

    name: str
    low: int
    width: int
    items: list[Item]

    @property
    def byte_aligned(self) -> bool:
        return all(i.width in (8, 16, 32, 64) and i.low % i.width == 0 for i in self.items)


@dataclass
class Record:
    name: str
    title: str
    desc: str
    bytes: int
    words: list[Word]

    @property
    def items(self) -> list[Item]:
        return sorted((i for w in self.words for i in w.items), key=lambda i: i.low)


@dataclass
class Choice:
    """An enumeration."""

    name: str
    width: int
    members: list[tuple[str, int, str]]


@dataclass
class Register:
    name: str
    offset: int
    desc: str
    fields: list[tuple[str, int, int, str, str]]  # name, low, width, access, desc


@dataclass
class Spec:
    hash: int
    limits: list[Limit] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    registers: list[Register] = field(default_factory=list)
    array_stride: dict[str, tuple[int, int]] = field(default_factory=dict)  # name -> count, stride
    csr: AddrmapNode | None = None


def text(node, key="desc") -> str:
    value = node.get_property(key)
    return " ".join(value.split()) if value else ""


def compiled(top: str) -> AddrmapNode:
    compiler = RDLCompiler()
    for definition in ALL_UDPS:  # the register block's exporter asks for its own properties
        compiler.register_udp(definition)
    for source in SOURCES:
        compiler.compile_file(str(SPEC / source))
    return compiler.elaborate(top).top


def record_of(node: RegfileNode) -> Record:
    words = []
    for reg in node.registers(unroll=False):
        first = reg.raw_address_offset * 8
        width = reg.get_property("regwidth")
        count = reg.n_elements if reg.is_array else 1
        items = []
        for f in reg.fields():
            whole = f.inst_name == "value"
            items.append(
                Item(
                    name=reg.inst_name if whole else f.inst_name,
                    low=first + f.low,
                    width=f.width,
                    desc=text(f) or text(reg) if not whole else text(reg),
                    count=count,
                )
            )
        words.append(Word(reg.inst_name, first, width, items))
    size = max(w.low + w.width * w.items[0].count for w in words) // 8
    return Record(node.inst_name, text(node, "name"), text(node), size, words)


def choices_of(node: AddrmapNode) -> list[Choice]:
    found: dict[str, Choice] = {}
    for f in node.descendants(unroll=False):
        if isinstance(f, FieldNode) and f.get_property("encode"):
            enum = f.get_property("encode")
            members = [(m.name, m.value, " ".join((m.rdl_desc or "").split())) for m in enum]
            found[enum.type_name] = Choice(enum.type_name, f.width, members)
    return list(found.values())


def register_of(reg: RegNode, base: str = "") -> Register:
    fields = []
    for f in reg.fields():
        access = "write one" if f.get_property("singlepulse") else {"r": "read", "w": "write", "rw": "read write"}[f.get_property("sw").name]
        fields.append((f.inst_name, f.low, f.width, access, text(f)))
    return Register(base + reg.inst_name, reg.raw_absolute_address, text(reg), fields)


def load() -> Spec:
    digest = hashlib.sha256(b"".join((SPEC / s).read_bytes() for s in SOURCES)).digest()
    spec = Spec(hash=int.from_bytes(digest[:4], "big"))
    for reg in compiled("whorl_limits").registers():
        value = reg.get_child_by_name("value").get_property("reset")
        spec.limits.append(Limit(reg.inst_name, value, text(reg)))
    for top in ("whorl_records", "whorl_queue"):
        node = compiled(top)
        spec.records += [record_of(r) for r in node.children(unroll=False) if isinstance(r, RegfileNode)]
        spec.choices += choices_of(node)
    spec.csr = compiled("whorl_csr")
    for child in spec.csr.children(unroll=False):
        if isinstance(child, RegfileNode):
            spec.array_stride[child.inst_name] = (child.n_elements, child.array_stride)
            first = next(c for c in spec.csr.children(unroll=True) if c.inst_name == child.inst_name)
            spec.registers += [register_of(r, child.inst_name + "_") for r in first.registers()]
        else:
            spec.registers.append(register_of(child))
    return spec
