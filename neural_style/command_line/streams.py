"""Standard input and output as pictures' files: ``-``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csci_utils.atomic import scratch_folder
from csci_utils.console import answer_bytes
from csci_utils.errors import at_path, find_remedy, instead_of_path

from ..errors import PictureError
from ..pictures.file_formats import MAX_PICTURE_BYTES, name_of, suffix_of
from ..pictures.io import decode_picture, identify_picture, read_picture_file

STREAM = "-"
"""Stands for standard input, or standard output."""

_INPUT, _OUTPUT = "standard input", "standard output"


@contextmanager
def files_of(
    content_image: str | os.PathLike[str],
    output_image: str | os.PathLike[str],
    file_format: str | None,
) -> Iterator[tuple[Path, Path]]:
    """Yield the files to read and to write, and write standard output after the body.

    Standard input is read into a temporary file, and standard output is written from one, so that
    a painting that fails writes nothing.

    Args:
        content_image: The picture to paint, or `STREAM`.
        output_image: The picture to write, or `STREAM`.
        file_format: The format that is written to standard output; None for the input's.

    Raises:
        PictureError: A stream is closed or too large, standard output is a terminal, or the input's
            format is not one that is written.
        OutputError: Standard output cannot be written.
    """
    if STREAM not in (os.fspath(content_image), os.fspath(output_image)):
        yield Path(content_image), Path(output_image)
        return
    _check_output(output_image)
    with scratch_folder() as folder:
        content_path, output_path = Path(content_image), Path(output_image)
        if os.fspath(content_image) == STREAM:
            content_path = _take_input(Path(folder, _INPUT))
        with instead_of_path(Path(folder, _INPUT), _INPUT):
            if os.fspath(output_image) != STREAM:
                yield content_path, output_path
                return
            suffix = suffix_of(file_format or _find_format(content_path))
            output_path = Path(folder, f"{_OUTPUT}{suffix}")
            with instead_of_path(output_path, _OUTPUT):
                yield content_path, output_path
        answer_bytes(output_path)


def _check_output(output_image: str | os.PathLike[str]) -> None:
    if os.fspath(output_image) == STREAM and sys.stdout is not None and sys.stdout.isatty():
        raise PictureError(
            "a picture cannot be shown on a terminal",
            path=_OUTPUT,
            remedy="redirect it to a file or to another program",
        )


def _take_input(path: Path) -> Path:
    """Write standard input to a file; one byte too many is enough for its error."""
    if sys.stdin is None:
        raise PictureError("it is closed", path=_INPUT, remedy="name a file in place of -")
    try:
        with path.open("wb") as file:
            left = MAX_PICTURE_BYTES + 1
            while left > 0 and (chunk := sys.stdin.buffer.read(min(left, 1 << 20))):
                file.write(chunk)
                left -= len(chunk)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise PictureError(reason, path=_INPUT, remedy=find_remedy(error)) from error
    return path


def _find_format(path: Path) -> str:
    """Return the name of the format of a picture's file."""
    data = read_picture_file(path)
    with at_path(path):
        found = identify_picture(data) or decode_picture(data).format  # which says what is wrong
        if (name := name_of(found)) is None:
            raise PictureError(
                f"expected a format that is written, too, got {found}",
                remedy="name the one to write, such as --format png",
            )
    return name
