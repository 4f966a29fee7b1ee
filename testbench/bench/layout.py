"""The specification as the benches need it: register offsets, limits, codes and wire structs, from `spec/*.rdl`."""

import functools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "spec" / "gen"))
sys.dont_write_bytecode = True

import model  # noqa: E402  (the specification's own reader)


@functools.cache
def spec() -> model.Spec:
    """The compiled specification."""
    return model.load()


@functools.cache
def limit(name: str) -> int:
    """A limit or constant."""
    return next(item.value for item in spec().limits if item.name == name)


@functools.cache
def code(choice: str, name: str) -> int:
    """An enumerator: `code("status", "SUCCESS")`."""
    found = next(item for item in spec().choices if item.name == choice)
    return next(value for member, value, _ in found.members if member == name)


@functools.cache
def code_name(choice: str, value: int) -> str:
    """The name of an enumerator's value."""
    found = next(item for item in spec().choices if item.name == choice)
    return next((member for member, number, _ in found.members if number == value), f"{choice} {value}")


@functools.cache
def offset(register: str, index: int = 0) -> int:
    """BAR offset of a register; `index` picks an element of an array such as `queue_pair_sq_tail`."""
    found = next(item for item in spec().registers if item.name == register)
    stride = next((stride for name, (_, stride) in spec().array_stride.items() if register.startswith(f"{name}_")), 0)
    assert index == 0 or stride, f"{register} is no array"
    return found.offset + index * stride


def field(register: str, name: str, value: int) -> int:
    """A register's field out of the register's value."""
    found = next(item for item in spec().registers if item.name == register)
    low, width = next((low, width) for field_name, low, width, _, _ in found.fields if field_name == name)
    return value >> low & (1 << width) - 1


def _record(name: str):
    return next(item for item in spec().records if item.name == name)


def pack(record: str, **values: int) -> bytes:
    """The bytes of a wire struct; fields that are not given are zero."""
    layout, word = _record(record), 0
    items = {item.name: item for item in layout.items}
    for name, value in values.items():
        assert 0 <= value < 1 << items[name].bits, (record, name, value)
        word |= value << items[name].low
    return word.to_bytes(layout.bytes, "little")


def unpack(record: str, data: bytes) -> dict[str, int]:
    """The fields of a wire struct."""
    layout, word = _record(record), int.from_bytes(data, "little")
    assert len(data) == layout.bytes, (record, len(data))
    return {item.name: word >> item.low & (1 << item.bits) - 1 for item in layout.items}
