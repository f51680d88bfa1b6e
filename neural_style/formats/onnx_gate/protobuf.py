"""Protobuf's wire format: read with bounded work, and written.

See https://protobuf.dev/programming-guides/encoding/. The reader knows no schema. It splits one
message into its fields and never descends by itself, so that no input makes it recurse. It takes
memory for at most `MAX_FIELDS` fields, however large the input is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from ...errors import StyleError

MAX_FIELDS = 200_000
"""The most fields and packed integers of one file; a graph of 700 operators has 15,000."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types; groups (3 and 4) are deprecated
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10  # bytes
_UINT64 = 2**64 - 1
_MAX_KEY = 2**32 - 1


def damaged(reason: str) -> StyleError:
    """Return the error for bytes that are not an ONNX file."""
    return StyleError(
        f"expected an ONNX style model, got other or damaged data ({reason})",
        remedy="download it again",
    )


class FieldBudget:
    """How many more fields may be read from one file."""

    def __init__(self, fields: int = MAX_FIELDS) -> None:
        """Allow `fields` fields."""
        self._left = fields

    def spend(self) -> None:
        """Count a field.

        Raises:
            StyleError: There are too many.
        """
        self._left -= 1
        if self._left < 0:
            raise StyleError(
                f"expected an ONNX style model of at most {MAX_FIELDS:,} fields, got more",
                remedy="export it with its weights as raw data",
            )


class Message:
    """The fields of one message by number; fields that nobody asks for are skipped."""

    def __init__(self, data: memoryview, budget: FieldBudget) -> None:
        """Split `data` into fields.

        Raises:
            StyleError: The data is damaged, or the budget is spent.
        """
        self._budget = budget
        self._fields: dict[int, list[int | memoryview]] = {}
        for number, value in _split(data, budget):
            self._fields.setdefault(number, []).append(value)

    def has_any(self, *numbers: int) -> bool:
        """Return True if one of the fields is set."""
        return any(number in self._fields for number in numbers)

    def integer(self, number: int, default: int = 0) -> int:
        """Return a signed integer; the last one counts."""
        values = self.integers(number)
        return values[-1] if values else default

    def integers(self, number: int) -> list[int]:
        """Return the signed integers of a repeated field, packed or not."""
        values: list[int] = []
        for value in self._fields.get(number, ()):
            values.extend([value] if isinstance(value, int) else _unpack(value, self._budget))
        return [value - 2**64 if value >> 63 else value for value in values]

    def contents(self, number: int) -> list[memoryview]:
        """Return the bytes of each element of a repeated field."""
        values = self._fields.get(number, [])
        contents = [value for value in values if isinstance(value, memoryview)]
        if len(contents) < len(values):
            raise damaged(f"field {number} has another type")
        return contents

    def joined(self, number: int) -> memoryview:
        """Return all elements of a field in one piece, as for packed numbers.

        Protobuf merges a message that is given twice; this is the same as joining its parts.
        """
        contents = self.contents(number)
        return contents[0] if len(contents) == 1 else memoryview(b"".join(contents))

    def content(self, number: int) -> memoryview:
        """Return the bytes of a field; the last one counts."""
        return ([memoryview(b""), *self.contents(number)])[-1]

    def text(self, number: int) -> str:
        """Return a string; the last one counts."""
        return _decode(self.content(number))

    def texts(self, number: int) -> list[str]:
        """Return the strings of a repeated field."""
        return [_decode(content) for content in self.contents(number)]

    def number(self, number: int) -> float:
        """Return a float of 32 bits; the last one counts."""
        content = self.content(number)
        if len(content) != _FIXED_SIZES[_FIXED32]:
            raise damaged(f"field {number} is not a float")
        return float(struct.unpack("<f", content)[0])

    def message(self, number: int) -> Message:
        """Return a message; one that is missing has no fields."""
        return Message(self.joined(number), self._budget)

    def messages(self, number: int) -> Iterator[Message]:
        """Yield the messages of a repeated field, each read when it is asked for."""
        for content in self.contents(number):
            yield Message(content, self._budget)


def _split(data: memoryview, budget: FieldBudget) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and the value of each field; values of fixed size are yielded as bytes."""
    place = 0
    while place < len(data):
        budget.spend()
        key, place = _read_varint(data, place)
        number, wire_type = key >> 3, key & 7
        if key > _MAX_KEY or number == 0:
            raise damaged("a field has an impossible number")
        if wire_type == _VARINT:
            value, place = _read_varint(data, place)
            yield number, value
            continue
        if wire_type == _BYTES:
            length, place = _read_varint(data, place)
        elif wire_type in _FIXED_SIZES:
            length = _FIXED_SIZES[wire_type]
        else:
            raise damaged("a field has an impossible type")
        if length > len(data) - place:
            raise damaged("it ends too early")
        yield number, data[place : place + length]
        place += length


def _unpack(data: memoryview, budget: FieldBudget) -> Iterator[int]:
    place = 0
    while place < len(data):
        budget.spend()
        value, place = _read_varint(data, place)
        yield value


def _read_varint(data: memoryview, place: int) -> tuple[int, int]:
    """Return the unsigned integer at `place`, minimally encoded or not, and the place after it."""
    value = 0
    for shift, byte in enumerate(data[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value & _UINT64, place + shift + 1
    raise damaged("an integer has no end")


def _decode(content: memoryview) -> str:
    try:
        return str(content, "utf-8")
    except UnicodeDecodeError as error:
        raise damaged("a name is not text") from error


def integer_field(number: int, value: int) -> bytes:
    """Encode a signed integer."""
    return _varint(number << 3 | _VARINT) + _varint(value & _UINT64)


def float_field(number: int, value: float) -> bytes:
    """Encode a float of 32 bits."""
    return _varint(number << 3 | _FIXED32) + struct.pack("<f", value)


def bytes_field(number: int, *parts: bytes | memoryview) -> bytes:
    """Encode bytes, a string or a message, given in parts."""
    content = b"".join(parts)
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def text_fields(number: int, texts: Iterable[str]) -> bytes:
    """Encode the strings of a repeated field."""
    return b"".join(bytes_field(number, text.encode()) for text in texts)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
