"""Decoding of files that `torch.save` wrote, without PyTorch and without running anything in them.

Such a file is a zip archive with a pickle and the bytes of its storages, or, from before PyTorch
1.6, a series of pickles and the storages behind them. `torch.serialization` and
https://docs.pytorch.org/docs/stable/notes/serialization.html describe both. In the pickle, tensors
are calls of functions in `torch._utils`, and storages are persistent ids.
"""

from __future__ import annotations

from ..errors import StyleError
from .model_file import TORCH_FILE, ZIP_MAGIC, damaged
from .restricted_pickle import MAX_PICKLE_BYTES, Unpickler
from .torch_objects import NAMES, ByteOrder, References, Resolver, Saved, Storage
from .zip_archive import ZipArchive

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
_LENGTH_BYTES = 8  # in front of each storage
_TAR_MAGIC, _TAR_MAGIC_OFFSET = b"ustar", 257
_BYTE_ORDERS: dict[bytes, ByteOrder] = {b"little": "<", b"big": ">"}


def read_torch(data: bytes, max_bytes: int) -> Saved:
    """Return the saved object: tensors, numbers and strings, in lists, tuples and dicts.

    Tensors are `StoredTensor`s, views of `data`. No container is shared or contains itself.

    Raises:
        StyleError: `data` is damaged or something else, would unpack to more than `max_bytes` or to
            tensors of more than that, or refers to a class or a function. The error has no path.
    """
    if data.startswith(ZIP_MAGIC):
        return _read_archive(ZipArchive(data, max_bytes), max_bytes)
    if data.startswith(_TAR_MAGIC, _TAR_MAGIC_OFFSET):
        raise StyleError(
            f"expected {TORCH_FILE}, got a tar archive, as versions before 0.1.10 wrote",
            remedy="load it with PyTorch, and save the state_dict() again",
        )
    return _read_pickles(data, max_bytes)


def _read_archive(archive: ZipArchive, max_bytes: int) -> Saved:
    folder = _find_folder(archive)
    references = References()
    pickled = _read_pickle(archive, f"{folder}/data.pkl")
    saved = Unpickler(pickled, NAMES, references.load_storage).load()
    storages = {
        key: _check_size(archive.read(f"{folder}/data/{key}"), storage)
        for key, storage in references.storages.items()
    }
    byte_order = _read_byte_order(archive, folder)
    return Resolver(storages, max_bytes, byte_order).resolve(saved)


def _find_folder(archive: ZipArchive) -> str:
    """Return the folder of all members; PyTorch also takes that of the first one."""
    folder = next(iter(archive.members), "").partition("/")[0]
    if f"{folder}/constants.pkl" in archive.members:
        raise StyleError(
            f"expected {TORCH_FILE}, got a TorchScript archive, which is a program",
            remedy="save the model's state_dict() instead",
        )
    return folder


def _read_pickle(archive: ZipArchive, name: str) -> bytes:
    if name in archive.members and archive.members[name].size > MAX_PICKLE_BYTES:
        raise damaged(f"its pickle exceeds {MAX_PICKLE_BYTES:,} bytes")
    return bytes(archive.read(name))


def _read_byte_order(archive: ZipArchive, folder: str) -> ByteOrder:
    """Return the order of the bytes in storages; old archives do not tell it."""
    name = f"{folder}/byteorder"
    order = bytes(archive.read(name)) if name in archive.members else b"little"
    if order not in _BYTE_ORDERS:
        raise damaged("its byte order is neither little nor big")
    return _BYTE_ORDERS[order]


def _read_pickles(data: bytes, max_bytes: int) -> Saved:
    """Read the format from before zip archives; its storages are always little-endian."""
    references = References()
    unpickler = Unpickler(data, NAMES, references.load_storage)
    if unpickler.load() != _MAGIC_NUMBER or unpickler.load() != _PROTOCOL_VERSION:
        raise damaged("a pickle without PyTorch's magic number")
    unpickler.load()  # the sizes of C's types where it was saved
    saved, keys = unpickler.load(), unpickler.load()
    storages = _read_storages(data, unpickler.position, keys, references)
    return Resolver(storages, max_bytes).resolve(saved)


def _read_storages(
    data: bytes, position: int, keys: object, references: References
) -> dict[str, memoryview]:
    """Return the storages from `position` on, which lie in the order of `keys`."""
    contents: dict[str, memoryview] = {}
    for key in keys if isinstance(keys, list) else []:
        storage = references.storages.get(key) if isinstance(key, str) else None
        start = position + _LENGTH_BYTES
        if storage is None or int.from_bytes(data[position:start], "little") != storage.elements:
            raise damaged("its storages are not those of its pickle")
        position = start + storage.size
        contents[key] = _check_size(memoryview(data)[start:position], storage)
    if len(contents) < len(references.storages):
        raise damaged("it is cut off before its storages")
    return contents


def _check_size(content: memoryview, storage: Storage) -> memoryview:
    """Return the content of a storage if it has the size that the pickle names."""
    if len(content) != storage.size:
        raise damaged(f"its storage {storage.key!r:.50} has {len(content):,} bytes")
    return content
