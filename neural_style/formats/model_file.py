"""Style files before any engine sees them: suffix, size, and what is obviously something else."""

from __future__ import annotations

from codecs import getincrementaldecoder
from pathlib import Path

from csci_utils.files import read_file

from ..errors import StyleError
from ..pictures.io import identify_picture

TORCH_SUFFIXES = frozenset({".pth", ".pt"})
SAFETENSORS_SUFFIXES = frozenset({".safetensors"})
CHECKPOINT_SUFFIXES = TORCH_SUFFIXES | SAFETENSORS_SUFFIXES  # weights alone
ONNX_SUFFIXES = frozenset({".onnx"})

STYLE_SUFFIXES = CHECKPOINT_SUFFIXES | ONNX_SUFFIXES
"""Suffixes, in lower case, of the files that `load` takes."""

MAX_STYLE_BYTES = 2**28  # forty times the official models

ZIP_MAGIC = b"PK\x03\x04"
"""What PyTorch's checkpoints begin with, and no picture does."""

_TEXT_SAMPLE = 512  # bytes looked at
_TEXT_SHOWN = 40  # characters quoted in the message


def read_style_file(path: Path) -> bytes:
    """The content of a file that may be a style, not empty.

    Raises:
        StyleError: it cannot be read, is larger than `MAX_STYLE_BYTES`, or is empty, a picture or
            text. The message does not name the file.
    """
    data = read_file(path, StyleError, MAX_STYLE_BYTES)
    if not data:
        raise StyleError("expected a style model, got an empty file of 0 bytes; copy it again")
    # Asking Pillow about everything would cost more time than reading the file.
    picture_format = None if data.startswith(ZIP_MAGIC) else identify_picture(data)
    if picture_format is not None:
        raise StyleError(
            f"expected a style model, got a {picture_format} picture; "
            "are the picture and the model the wrong way round?"
        )
    text = _quote_text(data)
    if text is not None:
        raise StyleError(
            f"expected a style model, got text that begins {text}; download the model again"
        )
    return data


def _quote_text(data: bytes) -> str | None:
    """The beginning of `data` in quotes if it is text, such as an error page; else None."""
    # Incrementally, because the sample may end inside a character.
    decoder = getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(data[:_TEXT_SAMPLE])
    except UnicodeDecodeError:
        return None
    if text and all(c.isprintable() or c.isspace() for c in text):
        return repr(" ".join(text.split())[:_TEXT_SHOWN])
    return None
