"""Pickles and PyTorch's files, put together opcode by opcode, as no program would write them."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""The first object in a file from before zip archives."""


BAD_UTF_8 = pickle.SHORT_BINUNICODE + b"\x01\xff"
"""The opcode that pushes a string that is none."""


def program(*parts: bytes, protocol: int = 2) -> bytes:
    """Return a pickle that consists of these opcodes."""
    return pickle.PROTO + bytes([protocol]) + b"".join(parts) + pickle.STOP


def text(value: str) -> bytes:
    """Return the opcode that pushes a string."""
    return pickle.BINUNICODE + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    """Return the opcode that pushes an integer."""
    return pickle.dumps(value, 2)[2:-1]


def name(module: str, attribute: str) -> bytes:
    """Return the opcode that pushes a class or a function."""
    return pickle.GLOBAL + f"{module}\n{attribute}\n".encode()


def put(index: int) -> bytes:
    """Return the opcode that stores the top of the stack in the memo."""
    return pickle.LONG_BINPUT + struct.pack("<I", index)


def get(index: int) -> bytes:
    """Return the opcode that pushes a value of the memo."""
    return pickle.LONG_BINGET + struct.pack("<I", index)


def make_tuple(*values: bytes) -> bytes:
    """Return the opcodes that push a tuple."""
    return pickle.MARK + b"".join(values) + pickle.TUPLE


def call(function: bytes, *arguments: bytes) -> bytes:
    """Return the opcodes that call a function and push its result."""
    return function + make_tuple(*arguments) + pickle.REDUCE


def make_dict(*items: bytes) -> bytes:
    """Return the opcodes that push a dict of keys and values in turn."""
    return pickle.EMPTY_DICT + pickle.MARK + b"".join(items) + pickle.SETITEMS


def storage(
    key: bytes = text("0"),
    kind: bytes = name("torch", "FloatStorage"),
    elements: bytes = number(4),
    *view: bytes,
) -> bytes:
    """Return the opcodes that push a storage of 4 numbers."""
    return make_tuple(text("storage"), kind, key, text("cpu"), elements, *view) + pickle.BINPERSID


def tensor(
    shape: bytes = make_tuple(number(4)),
    strides: bytes = make_tuple(number(1)),
    offset: bytes = number(0),
    of: bytes = storage(),
    hooks: bytes = pickle.EMPTY_DICT,
) -> bytes:
    """Return the opcodes that push a tensor, by default all four numbers of `storage`."""
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, of, offset, shape, strides, pickle.NEWFALSE, hooks)


def make_archive(
    pickled: bytes,
    storages: Mapping[str, bytes] | None = None,
    members: Mapping[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """Return a file as PyTorch writes it today, by default with a storage of 0, 1, 2 and 3."""
    content = {"data.pkl": pickled, "version": b"3\n", **(members or {})}
    stored = {"0": struct.pack("<4f", 0, 1, 2, 3)} if storages is None else storages
    content.update((f"data/{key}", data) for key, data in stored.items())
    file = BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for member, data in content.items():
            archive.writestr(f"model/{member}", data)
    return file.getvalue()


def make_old_file(
    pickled: bytes, keys: bytes | None = None, storages: bytes | None = None
) -> bytes:
    """Return a file from before zip archives, by default with a storage of 0, 1, 2 and 3."""
    values: tuple[object, ...] = (MAGIC_NUMBER, 1001, {})
    header = b"".join(pickle.dumps(value, 2) for value in values)
    keys = pickle.dumps(["0"], 2) if keys is None else keys
    stored = struct.pack("<q4f", 4, 0, 1, 2, 3) if storages is None else storages
    return header + pickled + keys + stored
