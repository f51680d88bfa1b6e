"""PyTorch's tensors and storages in a pickle: references first, then views of the file's bytes.

For tensors a pickle calls functions in `torch._utils`; here these only make references. Storages
may lie behind the pickle, so a second step resolves the references, in a copy of the whole object
that has no sharing, no cycles, and a limited depth and size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ..errors import StyleError
from .model_file import TORCH_FILE, damaged, unsupported
from .restricted_pickle import Constructor
from .tensors import NUMPY_TYPES, StoredTensor

_MAX_COUNT = 2**40  # of a tensor's elements in one direction; NumPy computes with 64 bits
_MAX_DIMENSIONS = 8
_MAX_DEPTH = 16  # of containers in containers; a training's checkpoint has 4
_MAX_VALUES = 2**16  # a training's checkpoint has about a thousand
_TYPES = (  # in safetensors' names, of typed storages, and in PyTorch's names
    ("F64", "Double", "float64"),
    ("F32", "Float", "float32"),
    ("F16", "Half", "float16"),
    ("BF16", "BFloat16", "bfloat16"),
    ("I64", "Long", "int64"),
    ("I32", "Int", "int32"),
    ("I16", "Short", "int16"),
    ("I8", "Char", "int8"),
    ("U8", "Byte", "uint8"),
    ("BOOL", "Bool", "bool"),
)

ByteOrder = Literal["<", ">"]
"""Little-endian or big-endian, in NumPy's signs."""

Saved = object
"""None, a bool, int, float, str or `StoredTensor`, or a list, tuple or dict of them."""


@dataclass(frozen=True, slots=True)
class _Type:
    """The type of a tensor, or of a storage if it is typed."""

    name: str | None
    """One of `NUMPY_TYPES`; None for a storage of bytes."""

    @property
    def item_bytes(self) -> int:
        return 1 if self.name is None else np.dtype(NUMPY_TYPES[self.name]).itemsize


@dataclass(frozen=True, slots=True)
class _StorageType:
    """A class of storages."""

    type: _Type


@dataclass(frozen=True, slots=True)
class Storage:
    """A reference to a storage: memory that tensors may share."""

    key: str
    type: _Type
    elements: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.elements * self.type.item_bytes


@dataclass(frozen=True, slots=True)
class _StoragePart:
    """The part of a storage that a persistent id refers to, in elements."""

    storage: Storage
    start: int
    elements: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A reference to a tensor, which lies within its storage. All but the key counts elements."""

    key: str
    type: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class References:
    """The references to storages in one pickle."""

    def __init__(self) -> None:
        """Start without references."""
        self.storages: dict[str, Storage] = {}
        """By their keys, in the order of the pickle."""

    def load_storage(self, identifier: object) -> object:
        """Return the reference for a persistent id.

        It is ("storage", type, key, device, number of elements). In the format before zip archives
        a view of a part follows, or None. The device does not matter.
        """
        fields = identifier if isinstance(identifier, tuple) else ()
        match fields[:5]:
            case ("storage", _StorageType(type), str(key), str(), elements) if _is_count(elements):
                storage = Storage(key, type, elements)
            case _:
                raise damaged("its pickle has a persistent id that is not a storage's")
        if self.storages.setdefault(key, storage) != storage:
            raise damaged(f"its pickle describes the storage {key!r:.50} wrongly")
        return _select_part(storage, fields[5:])


def _select_part(storage: Storage, view: tuple[object, ...]) -> _StoragePart:
    match view:
        case () | (None,):
            return _StoragePart(storage, 0, storage.elements)
        case ((str(), start, elements),) if _is_count(start) and _is_count(elements):
            if start + elements <= storage.elements:
                return _StoragePart(storage, start, elements)
    raise damaged("its pickle has a view beyond its storage")


def _rebuild_tensor(arguments: tuple[object, ...]) -> object:
    """Stand in for `torch._utils._rebuild_tensor_v2`, and for its predecessor with 4 arguments.

    The further arguments say whether the tensor needs gradients, its hooks, and its metadata.
    """
    match arguments:
        case (_StoragePart() as part, offset, shape, strides, *rest) if not any(rest[1:]):
            return _refer(part, part.storage.type, (offset, shape, strides))
    raise damaged("its pickle has a tensor with wrong arguments")


def _rebuild_tensor_of_type(arguments: tuple[object, ...]) -> object:
    """Stand in for `torch._utils._rebuild_tensor_v3`, whose storage consists of bytes."""
    match arguments:
        case (_StoragePart() as part, offset, shape, strides, _, hooks, _Type() as type, *rest) if (
            part.storage.type.name is None and part.start == 0 and not any((hooks, *rest))
        ):
            return _refer(part, type, (offset, shape, strides))
    raise damaged("its pickle has a tensor with wrong arguments")


def _rebuild_parameter(arguments: tuple[object, ...]) -> object:
    """Stand in for `torch._utils._rebuild_parameter`: a parameter is its tensor."""
    match arguments:
        case (_Tensor() as tensor, bool(), hooks) if not hooks:
            return tensor
    raise damaged("its pickle has a parameter with wrong arguments")


def _refer(part: _StoragePart, type: _Type, layout: tuple[object, object, object]) -> _Tensor:
    """Return the reference to a tensor with this offset, shape and strides, within bounds."""
    offset, shape, strides = layout
    if type.name is None or not (_is_count(offset) and _are_counts(shape)):
        raise damaged("its pickle has a tensor with an impossible shape")
    if not (_are_counts(strides) and len(strides) == len(shape)):
        raise damaged("its pickle has a tensor with impossible strides")
    available = part.elements * part.storage.type.item_bytes // type.item_bytes
    if offset + _count_spanned(shape, strides) > available:
        raise damaged(f"its pickle has a tensor of shape {shape} beyond its storage")
    return _Tensor(part.storage.key, type.name, part.start + offset, shape, strides)


def _are_counts(values: object) -> TypeGuard[tuple[int, ...]]:
    return (
        isinstance(values, tuple) and len(values) <= _MAX_DIMENSIONS and all(map(_is_count, values))
    )


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < _MAX_COUNT


def _count_spanned(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return the distance from a tensor's first element to behind its last one."""
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


NAMES: dict[str, object] = {
    "torch._utils._rebuild_tensor": Constructor(_rebuild_tensor),
    "torch._utils._rebuild_tensor_v2": Constructor(_rebuild_tensor),
    "torch._utils._rebuild_tensor_v3": Constructor(_rebuild_tensor_of_type),
    "torch._utils._rebuild_parameter": Constructor(_rebuild_parameter),
    "torch.storage.UntypedStorage": _StorageType(_Type(None)),
    **{f"torch.{storage}Storage": _StorageType(_Type(name)) for name, storage, _ in _TYPES},
    **{f"torch.{dtype}": _Type(name) for name, _, dtype in _TYPES},
}
"""The meaning of the global names that a pickle of tensors may use."""


class Resolver:
    """Copies an object of a pickle, with its tensors in place of their references."""

    def __init__(
        self, storages: Mapping[str, memoryview], max_bytes: int, byte_order: ByteOrder = "<"
    ) -> None:
        """Start to count.

        Args:
            storages: The bytes of each storage that is referred to, by key.
            max_bytes: The size of all tensors that is accepted; one that occurs twice counts twice.
            byte_order: Of the storages, "<" or ">".
        """
        self._storages = storages
        self._max_bytes = max_bytes
        self._byte_order = byte_order
        self._bytes = 0
        self._values = 0

    def resolve(self, value: object, depth: int = 0) -> Saved:
        """Return a copy of `value`.

        Raises:
            StyleError: It has too many values, too many containers in one another, too large
                tensors, or something that is no value.
        """
        self._values += 1
        if self._values > _MAX_VALUES or depth > _MAX_DEPTH:
            raise unsupported("its pickle has too many values, or too deeply nested ones")
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, dict):
            return {key: self.resolve(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.resolve(item, depth + 1) for item in value)
        if isinstance(value, _Tensor):
            return self._view(value)
        raise StyleError(
            f"expected {TORCH_FILE}, got one with other values",
            remedy="save the model's state_dict() instead",
        )

    def _view(self, tensor: _Tensor) -> StoredTensor:
        dtype = np.dtype(NUMPY_TYPES[tensor.type]).newbyteorder(self._byte_order)
        self._bytes += dtype.itemsize * math.prod(max(size, 1) for size in tensor.shape)
        if self._bytes > self._max_bytes:
            raise StyleError(
                f"expected tensors of at most {self._max_bytes:,} bytes, got larger ones",
                remedy="is this the right file?",
            )
        values: NDArray[Any] = np.ndarray(
            tensor.shape,
            dtype,
            self._storages[tensor.key],
            tensor.offset * dtype.itemsize,
            _byte_strides(tensor, dtype.itemsize),
        )
        return StoredTensor(tensor.type, values)


def _byte_strides(tensor: _Tensor, item_bytes: int) -> tuple[int, ...]:
    """Return the strides in bytes; those that no two elements have between them may be any."""
    return tuple(
        stride * item_bytes if size > 1 else 0
        for size, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
