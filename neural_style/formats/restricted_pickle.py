"""A pickle machine that builds plain values only, and imports and calls nothing.

Pickles are programs of a stack machine: PEP 307 (protocol 2), PEP 3154 (4), PEP 574 (5), and the
descriptions in Python's `pickletools`. This machine knows the opcodes that plain values need:
numbers, strings, lists, tuples, dicts, and what the caller allows by name. It refuses every other
opcode and every other name. Its work and its memory have fixed limits, whatever a pickle contains.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import StyleError
from .model_file import TORCH_FILE, damaged, unsupported

MAX_PICKLE_BYTES = 2**24
"""The largest pickle that is read; that of an official model has 5,705 bytes."""

_MAX_OPCODES = 2**18  # less than a second; an official model has 1,900
_MAX_INTEGER_BYTES = 10  # PyTorch's magic number has ten, all others fit into eight
_MAX_STRING_BYTES = 2**16  # of each; comparing longer ones as keys could take for ever
_MAX_KEY = 2**31  # of a dict; larger integers could be chosen to have the same hash
_MAX_ARGUMENTS = 8  # of a call
_MAX_NAME = 100  # characters of a name in a message
_PROTOCOLS = range(2, 6)
_FLOAT = struct.Struct(">d")


@dataclass(frozen=True, eq=False)
class Constructor:
    """What a pickle may call by a global name."""

    build: Callable[[tuple[object, ...]], object]
    """Checks the arguments and returns the object, in a time that does not depend on them."""


class Unpickler:
    """Reads one pickle after another from the same bytes.

    Containers in the result may be shared, contain themselves, and be nested deeply.
    """

    def __init__(
        self,
        data: bytes,
        names: Mapping[str, object],
        load_persistent: Callable[[object], object],
    ) -> None:
        """Start at the first byte.

        Args:
            data: The pickles, and what follows them.
            names: The values of the global names that are allowed, such as "torch.FloatStorage";
                only a `Constructor` is called. "collections.OrderedDict" is always allowed.
            load_persistent: Returns the object for a persistent id.
        """
        self.position = 0
        """The index of the byte behind the last pickle that was read."""
        self._data = data
        self._end = 0
        self._names = {**names, "collections.OrderedDict": Constructor(self._build_ordered_dict)}
        self._load_persistent = load_persistent
        self._opcodes = 0
        self._stack: list[object] = []
        self._outer_stacks: list[list[object]] = []  # one for each mark
        self._memo: dict[int, object] = {}

    def load(self) -> object:
        """Return the object in the pickle at `position`, and move behind it.

        Raises:
            StyleError: The pickle is damaged, exceeds a limit, or uses an opcode or a global name
                that is not allowed. The error has no path.
        """
        self._stack, self._outer_stacks, self._memo = [], [], {}
        self._end = min(len(self._data), self.position + MAX_PICKLE_BYTES)
        if self._read(1) != pickle.PROTO or self._read_number(1) not in _PROTOCOLS:
            raise damaged("it does not begin with a pickle of protocol 2 to 5")
        while (code := self._read(1)[0]) != pickle.STOP[0]:
            self._spend(1)
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise damaged(f"its pickle uses the opcode {_name_opcode(code)}")
            operation(self)
        if self._outer_stacks or len(self._stack) != 1:
            raise damaged("its pickle does not end with one value")
        return self._pop()

    def _spend(self, opcodes: int) -> None:
        self._opcodes += opcodes
        if self._opcodes > _MAX_OPCODES:
            raise unsupported(f"its pickle has more than {_MAX_OPCODES:,} opcodes")

    # Reading

    def _read(self, size: int) -> bytes:
        start, end = self.position, self.position + size
        if end > self._end:
            raise damaged(f"its pickle is cut off, or exceeds {MAX_PICKLE_BYTES:,} bytes")
        self.position = end
        return self._data[start:end]

    def _read_number(self, size: int, signed: bool = False) -> int:
        return int.from_bytes(self._read(size), "little", signed=signed)

    def _read_string(self, length_bytes: int) -> str:
        size = self._read_number(length_bytes)
        if size > _MAX_STRING_BYTES:
            raise unsupported(f"its pickle has a string of {size:,} bytes")
        return _decode(self._read(size))

    def _read_line(self) -> str:
        end = self._data.find(b"\n", self.position, self._end)
        line = self._read((end if end >= 0 else self._end) - self.position)
        self._read(1)
        return _decode(line)

    # The stack

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _pop(self) -> object:
        if not self._stack:
            raise damaged("its pickle takes a value from an empty stack")
        return self._stack.pop()

    def _pop_to_mark(self) -> list[object]:
        if not self._outer_stacks:
            raise damaged("its pickle has no mark where it needs one")
        values, self._stack = self._stack, self._outer_stacks.pop()
        return values

    def _mark(self) -> None:
        self._outer_stacks.append(self._stack)
        self._stack = []

    # Values

    def _long_integer(self) -> None:
        size = self._read_number(1)
        if size > _MAX_INTEGER_BYTES:
            raise unsupported(f"its pickle has an integer of {size} bytes")
        self._push(self._read_number(size, signed=True))

    def _tuple(self, size: int) -> None:
        self._push(tuple([self._pop() for _ in range(size)][::-1]))

    # Containers

    def _append(self, values: list[object]) -> None:
        target = self._pop()
        if not isinstance(target, list):
            raise damaged("its pickle appends to something other than a list")
        target.extend(values)
        self._push(target)

    def _set_items(self, items: list[object]) -> None:
        target = self._pop()
        if not isinstance(target, dict) or len(items) % 2:
            raise damaged("its pickle sets items of something other than a dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_check_key(key)] = value
        self._push(target)

    def _set_item(self) -> None:
        value = self._pop()
        self._set_items([self._pop(), value])

    def _build_ordered_dict(self, arguments: tuple[object, ...]) -> object:
        """Return a dict from no arguments or, as Python 2 writes it, from a list of pairs."""
        pairs = arguments[0] if arguments else []
        if len(arguments) > 1 or not isinstance(pairs, list):
            raise damaged("its pickle creates an OrderedDict from something other than pairs")
        self._spend(len(pairs))
        return OrderedDict(map(_check_pair, pairs))

    def _memorize(self, key: int) -> None:
        value = self._pop()
        self._memo[key] = value
        self._push(value)

    def _recall(self, key: int) -> None:
        if key not in self._memo:
            raise damaged("its pickle recalls a value that it did not store")
        self._push(self._memo[key])

    # Objects

    def _find_name(self, module: object, name: object) -> None:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise damaged("its pickle has a global name that is not a string")
        full_name = f"{module}.{name}"
        if full_name not in self._names:
            raise StyleError(
                f"expected {TORCH_FILE}, got one that asks for the class or function "
                f"{full_name:.{_MAX_NAME}}, which was not imported",
                remedy="save the model's state_dict() instead, or do not trust this file",
            )
        self._push(self._names[full_name])

    def _find_name_in_lines(self) -> None:
        module = self._read_line()
        self._find_name(module, self._read_line())

    def _find_name_on_stack(self) -> None:
        name = self._pop()
        self._find_name(self._pop(), name)

    def _call(self) -> None:
        arguments, function = self._pop(), self._pop()
        if not (isinstance(function, Constructor) and isinstance(arguments, tuple)):
            raise damaged("its pickle calls something that cannot be called")
        if len(arguments) > _MAX_ARGUMENTS:
            raise damaged(f"its pickle calls something with {len(arguments):,} arguments")
        self._push(function.build(arguments))

    def _set_attributes(self) -> None:
        """Ignore the attributes of an OrderedDict, such as the versions of a model's modules."""
        attributes, target = self._pop(), self._pop()
        if not (isinstance(target, OrderedDict) and isinstance(attributes, dict)):
            raise damaged("its pickle sets attributes of something other than an OrderedDict")
        self._push(target)


_OPERATIONS: dict[int, Callable[[Unpickler], None]] = {
    opcode[0]: operation
    for opcode, operation in (
        (pickle.FRAME, lambda machine: machine._read(8)),  # frames only help to read from streams
        (pickle.MARK, Unpickler._mark),
        (pickle.NONE, lambda machine: machine._push(None)),
        (pickle.NEWTRUE, lambda machine: machine._push(True)),
        (pickle.NEWFALSE, lambda machine: machine._push(False)),
        (pickle.BININT, lambda machine: machine._push(machine._read_number(4, signed=True))),
        (pickle.BININT1, lambda machine: machine._push(machine._read_number(1))),
        (pickle.BININT2, lambda machine: machine._push(machine._read_number(2))),
        (pickle.LONG1, Unpickler._long_integer),
        (pickle.BINFLOAT, lambda machine: machine._push(_FLOAT.unpack(machine._read(8))[0])),
        (pickle.SHORT_BINUNICODE, lambda machine: machine._push(machine._read_string(1))),
        (pickle.BINUNICODE, lambda machine: machine._push(machine._read_string(4))),
        (pickle.SHORT_BINSTRING, lambda machine: machine._push(machine._read_string(1))),
        (pickle.BINSTRING, lambda machine: machine._push(machine._read_string(4))),
        (pickle.EMPTY_TUPLE, lambda machine: machine._push(())),
        (pickle.TUPLE1, lambda machine: machine._tuple(1)),
        (pickle.TUPLE2, lambda machine: machine._tuple(2)),
        (pickle.TUPLE3, lambda machine: machine._tuple(3)),
        (pickle.TUPLE, lambda machine: machine._push(tuple(machine._pop_to_mark()))),
        (pickle.EMPTY_LIST, lambda machine: machine._push([])),
        (pickle.APPEND, lambda machine: machine._append([machine._pop()])),
        (pickle.APPENDS, lambda machine: machine._append(machine._pop_to_mark())),
        (pickle.EMPTY_DICT, lambda machine: machine._push({})),
        (pickle.SETITEM, Unpickler._set_item),
        (pickle.SETITEMS, lambda machine: machine._set_items(machine._pop_to_mark())),
        (pickle.BINPUT, lambda machine: machine._memorize(machine._read_number(1))),
        (pickle.LONG_BINPUT, lambda machine: machine._memorize(machine._read_number(4))),
        (pickle.MEMOIZE, lambda machine: machine._memorize(len(machine._memo))),
        (pickle.BINGET, lambda machine: machine._recall(machine._read_number(1))),
        (pickle.LONG_BINGET, lambda machine: machine._recall(machine._read_number(4))),
        (pickle.GLOBAL, Unpickler._find_name_in_lines),
        (pickle.STACK_GLOBAL, Unpickler._find_name_on_stack),
        (pickle.REDUCE, Unpickler._call),
        (pickle.BUILD, Unpickler._set_attributes),
        (pickle.BINPERSID, lambda machine: machine._push(machine._load_persistent(machine._pop()))),
    )
}


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise damaged("its pickle has a string that is not UTF-8") from error


def _check_key(key: object) -> str | int:
    """Return `key` if hashing it takes no time that a pickle can choose."""
    if type(key) is str or (type(key) is int and 0 <= key < _MAX_KEY):
        return key
    raise unsupported(f"its pickle has a {type(key).__name__} as a key of a dict")


def _check_pair(pair: object) -> tuple[str | int, object]:
    if not (isinstance(pair, (list, tuple)) and len(pair) == 2):
        raise damaged("its pickle creates an OrderedDict from something other than pairs")
    return _check_key(pair[0]), pair[1]


def _name_opcode(code: int) -> str:
    from pickletools import opcodes  # large tables, which are needed only here

    return next((info.name for info in opcodes if info.code == chr(code)), f"0x{code:02x}")
