"""Decoding of the safetensors format, without PyTorch.

A file consists of the header's length in 8 bytes, the header as JSON, and the bytes of the tensors
without gaps: https://huggingface.co/docs/safetensors.

bytes -> `read_tensors` -> `decode_safetensors`; each step calls the one before. `encode_network`
makes such files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import index
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from csci_utils.errors import at_path

from ..errors import StyleError, needing
from ..networks.metadata import read_ends, read_notes, write_metadata
from ..networks.network import StyleNetwork
from ..networks.weights import canonicalize_names, count_styles
from .model_file import damaged, read_style_file
from .tensors import NUMPY_TYPES, StoredTensor, check_float, to_network

_MAX_HEADER_BYTES = 2**20  # an official model has 6,500; a tensor takes about a hundred
_LENGTH_BYTES = 8
_METADATA = "__metadata__"
_ALIGNMENT = 8  # of the first tensor
_EXPECTED = "a safetensors file"


def decode_safetensors(data: bytes) -> StyleNetwork:
    """Return the network in the content of a safetensors file.

    Raises:
        StyleError: `data` is not a safetensors file, or not a network: see `read_tensors`,
            `read_ends` and `to_network`. The error has no path.
        MissingDependencyError: The package safetensors is not installed.
    """
    tensors = read_tensors(data)
    metadata = read_metadata(data)
    return to_network(tensors, read_ends(metadata), read_notes(metadata))


def encode_network(network: StyleNetwork) -> bytes:
    """Return the content of a safetensors file with a network in fp32.

    Raises:
        MissingDependencyError: The package safetensors is not installed.
    """
    with needing("safetensors"):
        from safetensors.numpy import save
    metadata = write_metadata(network.description, network.notes)
    return order_metadata(save(network.weights, metadata))


def read_tensors(data: bytes) -> dict[str, StoredTensor]:
    """Return the state dict in the content of a safetensors file, under its canonical names.

    The tensors take no more memory than `data`.

    Raises:
        StyleError: `data` is damaged or another format: the header is too long or not JSON, or
            tensors overlap, leave gaps, or extend beyond the end. Or a tensor is not of one of the
            `FLOAT_TYPES`, or has no elements.
        MissingDependencyError: The package safetensors is not installed.
    """
    _check_header(data)
    with needing("safetensors"):
        from safetensors import SafetensorError, deserialize
    try:
        entries = deserialize(data)
    except SafetensorError as error:
        raise damaged(str(error), _EXPECTED) from error
    return canonicalize_names({name: _to_tensor(name, entry) for name, entry in entries})


def count_styles_in(path: str | PathLike[str]) -> int | None:
    """Return how many numbered styles a file claims to have; None if it claims to be one style.

    Only its header is looked at, without the package safetensors. The file may not load.

    Raises:
        StyleError: The file cannot be read, or its header is damaged.
    """
    with at_path(path):
        data = read_style_file(Path(path))
        _check_header(data)
        try:
            header = json.loads(data[_LENGTH_BYTES : _LENGTH_BYTES + _header_bytes(data)])
            tensors = {name: entry for name, entry in header.items() if name != _METADATA}
            count = count_styles(
                {name: tuple(map(index, entry["shape"])) for name, entry in tensors.items()}
            )
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise damaged("its header is damaged", _EXPECTED) from error
    return count if count > 1 else None


def order_metadata(data: bytes) -> bytes:
    """Return a file's content with its metadata in order, so that equal files have equal bytes.

    The package safetensors writes them in an order that changes from call to call.
    """
    end = _LENGTH_BYTES + _header_bytes(data)
    header = json.loads(data[_LENGTH_BYTES:end])
    header[_METADATA] = dict(sorted(header[_METADATA].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text + data[end:]


def read_metadata(data: bytes) -> dict[str, str]:
    """Return the metadata of a safetensors file whose tensors were read."""
    end = _LENGTH_BYTES + _header_bytes(data)
    metadata: dict[str, str] | None = json.loads(data[_LENGTH_BYTES:end]).get(_METADATA)
    return metadata or {}


def _to_tensor(name: str, entry: Mapping[str, Any]) -> StoredTensor:
    dtype, shape, data = entry["dtype"], tuple(entry["shape"]), entry["data"]
    check_float(name, dtype)
    if not data:
        raise StyleError(
            f"expected weights, got {name!r} of shape {shape}, which has none",
            remedy="use a style model",
        )
    return StoredTensor(dtype, np.frombuffer(data, NUMPY_TYPES[dtype]).reshape(shape))


def _check_header(data: bytes) -> None:
    header_bytes = _header_bytes(data)
    if header_bytes > _MAX_HEADER_BYTES:
        raise damaged(
            f"a header of {header_bytes:,} bytes, more than {_MAX_HEADER_BYTES:,}", _EXPECTED
        )


def _header_bytes(data: bytes) -> int:
    return int.from_bytes(data[:_LENGTH_BYTES], "little")
