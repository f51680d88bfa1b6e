"""From a request to a painted file: the one way to paint that every program and task uses."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from csci_utils.errors import at_path, instead_of_path
from csci_utils.files import read_file, replacing

from .backends.arena import Arena
from .backends.base import Progress, Style
from .backends.loading import load_style, read_style
from .errors import PictureError
from .options import NONE, OPTIONS, RenderingOptions, ignore
from .pictures.file_formats import format_for
from .pictures.io import MAX_PICTURE_BYTES, MORE_FRAMES, decode_picture, save_picture
from .pictures.metadata import METADATA, read_metadata
from .pictures.resizing import resize
from .provenance import Provenance
from .request import PaintingRequest
from .system.resources import free_memory
from .version import __version__

MAX_LIGHT_STYLES = 8
"""How many styles stay loaded: an official one takes about 30 MB."""

_MEMORY_SHARE = 8
"""A decoded picture is kept if it takes at most this part of the memory that is free."""

_ROWS_AT_ONCE = 256  # of a picture that is blended
_BYTES_PER_PIXEL = 4  # of Pillow, for RGB, too

_StyleKey = tuple[str, Path, RenderingOptions]


class Saver(Protocol):
    """Writes a painted picture; see `save_picture`."""

    def __call__(self, picture: Image.Image, path: Path, *, keep_location: bool) -> None:
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


def paint_file(
    request: PaintingRequest,
    notify: Callable[[str], None] = ignore,
    progress: Progress | None = None,
) -> PaintingResult:
    """Paint one request as `Painter.paint` does, but keep nothing, and write atomically.

    A failure leaves `output_image` as it was.
    """
    return Painter(notify, keeps=False).paint(request, progress, save=_save_atomically)


class Painter:
    """Paints requests, and keeps what the next one can use.

    It keeps up to `MAX_LIGHT_STYLES` loaded styles, the memory that they paint in, and the last
    decoded picture. So a picture is decoded once for all its styles. Files are recognized by their
    bytes, never by their names or times. A painter is for one thread at a time.
    """

    def __init__(self, notify: Callable[[str], None] = ignore, keeps: bool = True) -> None:
        """Keep nothing yet.

        Args:
            notify: Called with each note, one line: see `load`.
            keeps: Whether to keep anything. Without it, a painting takes less memory.
        """
        self.notify = notify
        self._keeps = keeps
        self._styles: OrderedDict[_StyleKey, Style] = OrderedDict()
        self._arena: Arena | None = None
        self._picture_digest = ""
        self._picture: Image.Image | None = None

    def paint(
        self,
        request: PaintingRequest,
        progress: Progress | None = None,
        save: Saver = save_picture,
    ) -> PaintingResult:
        """Read a picture, resize it, paint it, and write it to `output_image`.

        Args:
            request: What to paint and how.
            progress: As for a call of a `Style`.
            save: Writes the painted picture. By default to exactly that path, where a failed write
                can leave a part of an old file.

        Raises:
            NeuralStyleError: The picture cannot be painted; `path` names the file concerned.
        """
        options = request.options
        picture = self.load_picture(request.content_image, options.memory)
        has_more_frames = bool(picture.info.get(MORE_FRAMES))
        with at_path(request.content_image):
            picture = resize(picture, options.content_scale, options.max_side)
        with at_path(request.output_image):
            format_for(request.output_image).check(picture.size)
        style = self.load_style(request.model, options)
        with at_path(request.content_image):
            painted = style(picture, progress)
        if options.strength is not None:
            _blend(painted, picture, options.strength)
        provenance = self._describe(request, style)
        del picture, style
        if not self._keeps:
            self.release()  # encoding takes memory, too
        if options.metadata == NONE:
            painted.info.pop(METADATA, None)
        else:
            _add_provenance(painted, provenance)
        save(painted, request.output_image, keep_location=options.keep_location)
        return PaintingResult(has_more_frames, provenance)

    def load_picture(self, path: str | PathLike[str], memory: int | None = None) -> Image.Image:
        """Return the plain picture in a file, decoded now or by the last call.

        Args:
            path: A picture file.
            memory: The limit of `RenderingOptions.memory`, which a kept picture counts against.

        Raises:
            PictureError: The file cannot be read as a picture.
        """
        with at_path(path):
            data = read_file(Path(path), PictureError, MAX_PICTURE_BYTES)
            digest = hashlib.sha256(data).hexdigest()
            if self._picture is not None and digest == self._picture_digest:
                return self._picture
            self._picture = None  # released before the next one is decoded
            picture = decode_picture(data, memory)
        self._picture_digest = digest
        if self._keeps and _is_small(picture, memory):
            self._picture = picture
        return picture

    def load_style(self, path: str | PathLike[str], options: RenderingOptions) -> Style:
        """Return a style, loaded now or earlier.

        Raises:
            NeuralStyleError: It cannot be loaded, or has no style of this number.
        """
        file = read_style(path)
        key = (hashlib.sha256(file.data).hexdigest(), file.path, _loading_options(options))
        style = self._styles.pop(key, None)
        if style is None:
            self._make_room()
            style = load_style(file, options, self._notify, self._share_arena(options.memory))
        self._styles[key] = style
        return style if options.number is None else style.with_number(options.number)

    def release(self) -> None:
        """Release everything that is kept."""
        self._styles.clear()
        self._arena = self._picture = None

    def _describe(self, request: PaintingRequest, style: Style) -> Provenance:
        """Return where the painting comes from that was made just now."""
        options = {
            option.name: getattr(request.options, option.name)
            for option in OPTIONS
            if option.changes_result
        }
        return Provenance(
            image=request.image_name,
            image_sha256=self._picture_digest,
            model=request.model_name,
            model_sha256=style.sha256,
            engine=style.engine,
            version=__version__,
            options={name: value for name, value in options.items() if value is not None},
        )

    def _notify(self, text: str) -> None:
        # What is kept outlives the callback of the painting that it was loaded for.
        self.notify(text)

    def _make_room(self) -> None:
        """Drop styles that hold more memory than their weights, and the oldest of the others."""
        for key in [key for key, style in self._styles.items() if not style.is_light]:
            del self._styles[key]
        while len(self._styles) >= MAX_LIGHT_STYLES:
            self._styles.popitem(last=False)

    def _share_arena(self, limit: int | None) -> Arena:
        if self._arena is None or self._arena.limit != limit:
            if self._arena is not None:
                self._arena.release()  # styles that were loaded earlier still refer to it
            self._arena = Arena(limit, self._notify)
        return self._arena


def _add_provenance(painted: Image.Image, provenance: Provenance) -> None:
    kept = read_metadata(painted)
    painted.info[METADATA] = replace(kept, provenance=provenance.to_properties())


def _blend(painted: Image.Image, photograph: Image.Image, strength: float) -> None:
    """Move a painting toward its photograph, in place: a second might not fit in memory."""
    for top in range(0, painted.height, _ROWS_AT_ONCE):
        box = (0, top, painted.width, min(top + _ROWS_AT_ONCE, painted.height))
        painted.paste(Image.blend(photograph.crop(box), painted.crop(box), strength), box)


def _save_atomically(picture: Image.Image, path: Path, *, keep_location: bool) -> None:
    with replacing(path, PictureError) as temporary_path, instead_of_path(temporary_path, path):
        save_picture(picture, temporary_path, keep_location=keep_location)


def _loading_options(options: RenderingOptions) -> RenderingOptions:
    """Return those of the options that decide how a style is loaded."""
    return RenderingOptions(
        precision=options.precision,
        device=options.device,
        threads=options.threads,
        memory=options.memory,
    )


def _is_small(picture: Image.Image, memory: int | None) -> bool:
    """Return whether there is memory enough to keep a picture."""
    free = free_memory(memory)
    size = picture.width * picture.height * _BYTES_PER_PIXEL
    return free is None or size * _MEMORY_SHARE <= free
