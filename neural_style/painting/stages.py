"""The stages of a painting around the painting itself: before it, and after it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from csci_utils.errors import at_path

from ..backends.base import Style
from ..options import NONE, OPTIONS, Option, RenderingOptions
from ..pictures.file_formats import format_for
from ..pictures.io import MORE_FRAMES, save_picture
from ..pictures.metadata import METADATA, read_metadata
from ..pictures.resizing import resize
from ..provenance import Provenance
from ..request import PaintingRequest
from ..version import __version__
from .adjusting import adjust
from .brush import make_canvas


class Saver(Protocol):
    """Writes a painted picture; see `save_painting`."""

    def __call__(self, picture: Image.Image, path: Path, options: RenderingOptions) -> None:
        """Write the picture to the path."""


@dataclass(frozen=True)
class PaintingResult:
    """The result of a painting, besides the file that it wrote."""

    has_more_frames: bool
    """Whether the picture's file has frames or pages after the first, which was painted."""
    provenance: Provenance | None = None
    """Where the painting comes from, whether its file says so or not; None if that is unknown."""

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, has_more_frames: bool, provenance: Any = None) -> PaintingResult:
        """Return what `to_json` described.

        Raises:
            ValueError: The provenance is not complete, or damaged.
        """
        known = None if provenance is None else Provenance.from_json(provenance)
        return cls(has_more_frames, known)


@dataclass(frozen=True)
class Photograph:
    """A picture that is to be painted."""

    picture: Image.Image
    """Plain, and resized as a request asks for."""
    canvas: Image.Image
    """What the network paints: `picture` itself, or one of the brush's size, see `brush`."""
    sha256: str
    """The SHA-256 of its file."""
    has_more_frames: bool
    """Whether the file has frames or pages after this one."""


def prepare(request: PaintingRequest, picture: Image.Image, sha256: str) -> Photograph:
    """Resize a decoded picture for a request.

    Raises:
        PictureError: The picture cannot be resized so, or the output's format cannot hold it.
    """
    options = request.options
    has_more_frames = bool(picture.info.get(MORE_FRAMES))
    with at_path(request.content_image):
        original, picture = picture, resize(picture, options.content_scale, options.max_side)
        canvas = make_canvas(picture, original, options.brush)
    with at_path(request.output_image):
        kind = format_for(request.output_image, options.file_format)
        kind.check(picture.size, options.quality)
    return Photograph(picture, canvas, sha256, has_more_frames)


def describe(request: PaintingRequest, photograph: Photograph, style: Style) -> Provenance:
    """Return where the painting comes from that was made just now."""
    options = {
        option.name: getattr(request.options, option.name)
        for option in OPTIONS
        if option.changes_result and not _is_usual(request.options, option)
    }
    return Provenance(
        image=request.image_name,
        image_sha256=photograph.sha256,
        model=request.model_name,
        model_sha256=style.sha256,
        engine=style.engine,
        version=__version__,
        options={name: value for name, value in options.items() if value is not None},
    )


def _is_usual(options: RenderingOptions, option: Option) -> bool:
    """Return whether an option leaves the look as it usually is."""
    return option.names_result and getattr(options, option.name) == option.default


def complete(
    painted: Image.Image, request: PaintingRequest, photograph: Photograph, provenance: Provenance
) -> PaintingResult:
    """Mix a painting with its photograph, and add its provenance, in place, as a request asks."""
    adjust(painted, photograph.picture, request.options)
    if request.options.metadata == NONE:
        painted.info.pop(METADATA, None)
    else:
        _add_provenance(painted, provenance)
    return PaintingResult(photograph.has_more_frames, provenance)


def save_painting(picture: Image.Image, path: Path, options: RenderingOptions) -> None:
    """Write a picture as `save_picture` does, as options ask for."""
    save_picture(
        picture,
        path,
        keep_location=options.keep_location,
        file_format=options.file_format,
        quality=options.quality,
    )


def _add_provenance(painted: Image.Image, provenance: Provenance) -> None:
    kept = read_metadata(painted)
    painted.info[METADATA] = replace(kept, provenance=provenance.to_properties())
