"""Style files before they are decoded: suffixes, the size limit, and files that are not styles.

The modules that decode a format, and everything that only needs to know the suffixes, import this
one. Of the formats it knows the first bytes.
"""

from __future__ import annotations

from pathlib import Path

from csci_utils.files import read_file
from csci_utils.text import quote_text

from ..errors import StyleError

TORCH_SUFFIXES = frozenset({".pth", ".pt"})
"""Suffixes of checkpoints that PyTorch wrote."""

SAFETENSORS_SUFFIXES = frozenset({".safetensors"})
"""Suffixes of checkpoints in the safetensors format."""

CHECKPOINT_SUFFIXES = TORCH_SUFFIXES | SAFETENSORS_SUFFIXES
"""Suffixes of files that contain weights only."""

ONNX_SUFFIXES = frozenset({".onnx"})
"""Suffixes of files that contain a graph with its weights."""

STYLE_SUFFIXES = CHECKPOINT_SUFFIXES | ONNX_SUFFIXES
"""The suffixes, in lower case, of the files that `load` takes."""

MAX_STYLE_BYTES = 2**28
"""The largest file that is read as a style: 40 times the size of the official models."""

ZIP_MAGIC = b"PK\x03\x04"
"""The first bytes of a zip archive, such as a PyTorch checkpoint; no picture begins with them."""

TORCH_FILE = "a file that PyTorch saved, of tensors, numbers and strings alone"
"""What messages call the files of `torch.save` that are read."""

_EXPECTED = "expected a style model"

_ONNX_STARTS = tuple(bytes([8, version, 18]) for version in range(3, 20))
"""The keys of a version of the format, which is a small number, and of the program's name."""

_FORMATS = (  # the first bytes of each that matter, and where they are
    (ZIP_MAGIC, 0, "a zip archive, as PyTorch checkpoints are", TORCH_SUFFIXES, ".pth"),
    (b"\0\0\0\0\0{", 3, "a safetensors file", SAFETENSORS_SUFFIXES, ".safetensors"),
    (_ONNX_STARTS, 0, "an ONNX graph", ONNX_SUFFIXES, ".onnx"),
)
_PACKED = {
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\0": "an xz file",
    b"(\xb5/\xfd": "a Zstandard file",
    b"7z\xbc\xaf'\x1c": "a 7z archive",
    b"Rar!\x1a\7": "a RAR archive",
}


def read_style_file(path: Path) -> bytes:
    """Return the content of a file that may be a style; it is not empty.

    Raises:
        StyleError: The file cannot be read, is larger than `MAX_STYLE_BYTES`, is empty, or is a
            picture, text or another format than its suffix says. The error may have no path.
    """
    data = read_file(path, StyleError, MAX_STYLE_BYTES)
    if not data:
        raise StyleError(f"{_EXPECTED}, got an empty file of 0 bytes", remedy="copy it again")
    _refuse_other_format(data, path.suffix.lower())
    if not data.startswith(ZIP_MAGIC):  # asking Pillow would take longer than reading the file
        _refuse_picture(data)
        _refuse_text(data)
    return data


def damaged(detail: str, expected: str = TORCH_FILE) -> StyleError:
    """Return the error for data that is not, or no longer, the `expected` format."""
    return StyleError(
        f"expected {expected}, got other or damaged data ({detail})", remedy="copy it again"
    )


def unsupported(detail: str) -> StyleError:
    """Return the error for a file that PyTorch may have saved, but that holds something else."""
    return StyleError(
        f"expected {TORCH_FILE}, got one that holds more ({detail})",
        remedy="save the model's state_dict() instead",
    )


def _refuse_other_format(data: bytes, suffix: str) -> None:
    if suffix not in STYLE_SUFFIXES:  # the reference implementation names checkpoints .model
        suffix = ".pth"
    for start, place, name, suffixes, usual_suffix in _FORMATS:
        if data.startswith(start, place) and suffix not in suffixes:
            raise StyleError(f"{_EXPECTED}, got {name}", remedy=f"rename it to {usual_suffix}")
    for start, name in _PACKED.items():
        if data.startswith(start):
            raise StyleError(f"{_EXPECTED}, got {name}", remedy="unpack it")


def _refuse_picture(data: bytes) -> None:
    from ..pictures.io import identify_picture  # which imports Pillow and NumPy

    picture_format = identify_picture(data)
    if picture_format is not None:
        raise StyleError(
            f"{_EXPECTED}, got a {picture_format} picture",
            remedy="check whether the picture and the model are swapped",
        )


def _refuse_text(data: bytes) -> None:
    text = quote_text(data)
    if text is not None:
        raise StyleError(
            f"{_EXPECTED}, got text that begins {text}", remedy="download the model again"
        )
