"""Packed structs as integers."""


class Fields:
    """Layout of a packed struct: `Fields(("data", 512), ("last", 1))`, most significant field first as in the HDL."""

    def __init__(self, *fields: tuple[str, int]):
        self.fields = fields
        self.width = sum(width for _, width in fields)

    def pack(self, **values: int) -> int:
        """The struct's bits; negative values are two's complement. Every field must be given."""
        assert set(values) == {name for name, _ in self.fields}, f"fields given: {sorted(values)}"
        word = 0
        for name, width in self.fields:
            value = values[name]
            assert -(1 << width >> 1) <= value < 1 << width, f"{name} = {value} does not fit {width} bits"
            word = (word << width) | (value & ((1 << width) - 1))
        return word

    def unpack(self, word: int) -> dict[str, int]:
        """The fields of a struct, as unsigned numbers."""
        values = {}
        for name, width in reversed(self.fields):
            values[name] = word & ((1 << width) - 1)
            word >>= width
        return values


def signed(value: int, width: int) -> int:
    """Two's complement number of `width` bits."""
    return value - (1 << width) if value >> (width - 1) & 1 else value
