"""The tensors in a safetensors file, read without PyTorch.

Format: https://huggingface.co/docs/safetensors. The header's length in 8 bytes, the header as
JSON, and then the tensors' bytes without gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import StyleError, needing
from .model_file import ZIP_MAGIC

MAX_HEADER_BYTES = 2**20  # that of an official model has 6,500; each tensor takes about a hundred

_LENGTH_BYTES = 8


@dataclass(frozen=True)
class RawTensor:
    """One tensor as the file has it."""

    dtype: str  # as the format calls it, such as "F32" or "BF16"
    shape: tuple[int, ...]
    data: bytearray  # in C order, little-endian


def read_tensors(data: bytes) -> dict[str, RawTensor]:
    """The tensors by their names, from the bytes of a safetensors file.

    Raises:
        StyleError: `data` is damaged or something else: a header that is too long or no JSON, or
            tensors that overlap, leave gaps or reach beyond the file. Memory is taken for no more
            than `data` has.
        MissingDependencyError: safetensors is not installed.
    """
    if data.startswith(ZIP_MAGIC):
        raise StyleError(
            "expected a safetensors file, got a zip archive, as PyTorch checkpoints are; "
            "rename it to .pth if it is one"
        )
    header_length = _header_length(data)
    if header_length > MAX_HEADER_BYTES:
        raise _damaged(f"a header of {header_length:,} bytes, more than {MAX_HEADER_BYTES:,}")
    with needing("safetensors"):
        from safetensors import SafetensorError, deserialize
    try:
        entries = deserialize(data)
    except SafetensorError as error:
        raise _damaged(str(error).removeprefix("Error while deserializing: ")) from error
    return {
        name: RawTensor(entry["dtype"], tuple(entry["shape"]), entry["data"])
        for name, entry in entries
    }


def is_safetensors(data: bytes) -> bool:
    """Whether `data` begins as a safetensors file does."""
    return data.startswith(b"{", _LENGTH_BYTES) and _header_length(data) <= MAX_HEADER_BYTES


def _header_length(data: bytes) -> int:
    return int.from_bytes(data[:_LENGTH_BYTES], "little")


def _damaged(reason: str) -> StyleError:
    return StyleError(
        f"expected a safetensors file, got other or damaged data ({reason}); download it again"
    )
