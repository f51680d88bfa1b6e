"""Palettes and channels of JP2 files, of which Pillow knows few.

It joins equal colors of a palette, does not scale those of other than 8 bits, and takes the
components for red, green, blue and alpha in this order, whatever the file says. Boxes are those of
ISO/IEC 15444-1, annex I.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import PictureError
from .jpeg2000 import list_boxes

_COLOR, _ALPHA, _PREMULTIPLIED = 0, 1, 2  # types of channels
_WHOLE_PICTURE = 0  # what an alpha channel belongs to
_ENUMERATED = 1  # method of the box "colr"
_COLOR_SPACES = (0, 12, 15, 16, 17, 18)  # two of black and white, CMYK, sRGB, gray, and sYCC
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}  # by the number of colors
_MAX_COLORS = 256
_MAX_COLUMNS = 4
_MAX_CHANNELS = 8


PALETTE_BYTES = 9
"""Bytes of a pixel that applying a palette takes: its channels, and the picture made of them."""


@dataclass(frozen=True)
class Palette:
    """Colors, and which component selects one."""

    columns: NDArray[np.uint8]
    """Columns x colors."""
    channels: tuple[tuple[int, int | None], ...]
    """For each channel the component, and the column that it selects from; None for the component
    itself."""

    def apply(self, components: Sequence[Image.Image]) -> list[Image.Image]:
        """Return the channels, in mode L, for components of which each has 8 bits."""
        if any(component >= len(components) for component, _ in self.channels):
            raise ValueError("a palette for a component that is not there")
        return [
            components[component]
            if column is None
            else components[component].point([*self.columns[column].tolist(), *[0] * 256][:256])
            for component, column in self.channels
        ]


@dataclass(frozen=True)
class Channels:
    """What a file says about its channels."""

    palette: Palette | None
    definitions: tuple[tuple[int, int, int], ...]
    """Of channels: the number, the type, and the color it belongs to, from 1; empty if there are
    none."""

    def arrange(self, picture: Image.Image) -> Image.Image:
        """Return a picture in mode L, LA, RGB, RGBA or CMYK from its components.

        Args:
            picture: The components as the bands of a mode, of 8 bits each; below a palette, not
                scaled.
        """
        if self.palette is None and self._is_usual(len(picture.getbands())):
            return picture
        channels = list(picture.split())
        if self.palette is not None:
            channels = self.palette.apply(channels)
        definitions = self.definitions or _usual_definitions(len(channels))
        wanted = {
            (kind, color): channels[number]
            for number, kind, color in definitions
            if number < len(channels)
        }
        colors = [wanted[each] for each in sorted(wanted) if each[0] == _COLOR]
        mode = _MODES.get(len(colors))
        if mode is None:
            raise ValueError(f"{len(colors)} color channels")
        merged = Image.merge(mode, colors)
        for kind in (_ALPHA, _PREMULTIPLIED):
            alpha = wanted.get((kind, _WHOLE_PICTURE))
            if alpha is not None and mode != "CMYK":
                merged = _add_alpha(colors, alpha, kind)
        merged.info = picture.info
        return merged

    def _is_usual(self, count: int) -> bool:
        return self.definitions in ((), _usual_definitions(count))


def read_channels(data: bytes) -> Channels:
    """Return what a file says about its channels; nothing in a mere codestream.

    Raises:
        PictureError: The colors are of another kind than gray, RGB, YCC and CMYK, or the palette is
            too large. The error has no path.
        ValueError: A box is damaged.
    """
    header = next((content for kind, content in list_boxes(data) if kind == b"jp2h"), b"")
    boxes = dict(reversed(list(list_boxes(header))))  # the first of each kind counts
    try:
        _check_color_space(boxes.get(b"colr", b""))
        return Channels(_read_palette(boxes), _read_definitions(boxes.get(b"cdef", b"")))
    except (IndexError, struct.error) as error:
        raise ValueError("its palette or its channels are damaged") from error


def _check_color_space(content: bytes | memoryview) -> None:
    if len(content) >= 7 and content[0] == _ENUMERATED:
        (space,) = struct.unpack_from(">I", content, 3)
        if space not in _COLOR_SPACES:
            raise PictureError(
                "expected a JPEG 2000 file in gray, sRGB, YCC or CMYK, got one in the color space "
                f"{space}",
                remedy="save it in sRGB",
            )


def _read_palette(boxes: dict[bytes, memoryview]) -> Palette | None:
    content = boxes.get(b"pclr")
    if content is None:
        return None
    colors, count = struct.unpack_from(">HB", content)
    widths = [(width & 0x7F) + 1 for width in content[3 : 3 + count]]
    if not (0 < colors <= _MAX_COLORS and 0 < count <= _MAX_COLUMNS and max(widths) <= 16):
        raise PictureError(
            f"expected a JPEG 2000 palette of at most {_MAX_COLORS} colors, got {colors} of "
            f"{count} values",
            remedy="save it as RGB",
        )
    stored = np.dtype([(str(n), ">u2" if width > 8 else "u1") for n, width in enumerate(widths)])
    table = np.frombuffer(content, stored, colors, 3 + count)
    columns = [
        np.round(table[str(n)] * (255 / (2**width - 1))).clip(0, 255)
        for n, width in enumerate(widths)
    ]
    mapping = boxes.get(b"cmap", memoryview(b""))
    _check_count(mapping, 4)
    channels = tuple(
        (component, column if is_mapped else None)
        for component, is_mapped, column in struct.iter_unpack(">HBB", mapping)
    )
    if any(column is not None and column >= count for _, column in channels):
        raise ValueError("a column beyond the palette")
    return Palette(np.array(columns, np.uint8), channels)


def _read_definitions(content: bytes | memoryview) -> tuple[tuple[int, int, int], ...]:
    _check_count(content, 6)
    return tuple(struct.iter_unpack(">HHH", content[2:]))


def _check_count(content: bytes | memoryview, size: int) -> None:
    """Raise ValueError if a box has more entries of a size than a picture has channels."""
    if len(content) // size > _MAX_CHANNELS:
        raise ValueError(f"more than {_MAX_CHANNELS} channels")


def _usual_definitions(count: int) -> tuple[tuple[int, int, int], ...]:
    """Return the definitions of gray or RGB, with alpha as the last channel if one is left."""
    colors = 3 if count >= 3 else 1
    usual = [(number, _COLOR, number + 1) for number in range(colors)]
    return (*usual, *((number, _ALPHA, _WHOLE_PICTURE) for number in range(colors, count)))


def _add_alpha(colors: list[Image.Image], alpha: Image.Image, kind: int) -> Image.Image:
    mode = "LA" if len(colors) == 1 else "RGBA"
    if kind == _PREMULTIPLIED:
        return Image.merge(mode[:-1] + "a", [*colors, alpha]).convert(mode)
    return Image.merge(mode, [*colors, alpha])
