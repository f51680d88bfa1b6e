"""Sizes of images, here or in the remote."""

from __future__ import annotations

from contextlib import suppress

from luigi.target import FileSystemTarget

_HEADER_BYTES = 1 << 18
"""What is read first; a TIFF file may have its header at its end."""


def read_size(image: FileSystemTarget) -> tuple[int, int] | None:
    """Return width and height in px from an image's header, before it is turned upright."""
    from neural_style import NeuralStyleError
    from neural_style.pictures.decoding import read_header
    from neural_style.pictures.file_formats import MAX_PICTURE_BYTES

    with image.open("r") as file:
        head = file.read(_HEADER_BYTES)
        try:
            return read_header(head).size
        except NeuralStyleError:  # as of a TIFF file, whose header may be at its end
            pass
        with suppress(NeuralStyleError):
            return read_header(head + file.read(MAX_PICTURE_BYTES)).size
    return None
