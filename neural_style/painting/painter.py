"""From a request to a painted file: the one way to paint that every program and task uses."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from PIL import Image

from csci_utils.digest import FileState, file_state
from csci_utils.errors import at_path, instead_of_path
from csci_utils.files import replacing

from ..backends.arena import Arena
from ..backends.base import Progress, Style
from ..backends.loading import StyleFile, load_style, read_style
from ..errors import PictureError
from ..mixing.blends import choose, digest, load_blend
from ..options import RenderingOptions, ignore
from ..pictures.io import decode_picture, read_picture_file
from ..request import PaintingRequest
from ..system.resources import count_threads, free_memory
from .brush import carry
from .stages import PaintingResult, Photograph, Saver, complete, describe, prepare, save_painting

MAX_LIGHT_STYLES = 8
"""How many styles stay loaded: an official one takes about 30 MB."""

_MEMORY_SHARE = 8
"""A decoded picture is kept if it takes at most this part of the memory that is free."""

_BYTES_PER_PIXEL = 4  # of Pillow, for RGB, too

_StyleKey = tuple[object, ...]


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
        self._digests: dict[Path, tuple[FileState | None, str]] = {}
        self._arena: Arena | None = None
        self._picture_digest = ""
        self._picture: Image.Image | None = None

    def paint(
        self,
        request: PaintingRequest,
        progress: Progress | None = None,
        save: Saver = save_painting,
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
        photograph = self._take(request)
        style = self.load(request)
        with at_path(request.content_image):
            painted = style(photograph.canvas, progress)
            threads = request.options.threads or count_threads()
            painted = carry(
                painted, photograph.canvas, photograph.picture, threads, request.options.memory
            )
        provenance = describe(request, photograph, style)
        result = complete(painted, request, photograph, provenance)
        del photograph, style
        if not self._keeps:
            self.release()  # encoding takes memory, too
        save(painted, request.output_image, request.options)
        return result

    def _take(self, request: PaintingRequest) -> Photograph:
        picture = self.load_picture(request.content_image, request.options.memory)
        return prepare(request, picture, self._picture_digest)

    def load_picture(self, path: str | PathLike[str], memory: int | None = None) -> Image.Image:
        """Return the plain picture in a file, decoded now or by the last call.

        Args:
            path: A picture file.
            memory: The limit of `RenderingOptions.memory`, which a kept picture counts against.

        Raises:
            PictureError: The file cannot be read as a picture.
        """
        with at_path(path):
            data = read_picture_file(path)
            digest = hashlib.sha256(data).hexdigest()
            if self._picture is not None and digest == self._picture_digest:
                return self._picture
            self._picture = None  # released before the next one is decoded
            picture = decode_picture(data, memory)
        self._picture_digest = digest
        if self._keeps and _is_small(picture, memory):
            self._picture = picture
        return picture

    def load(self, request: PaintingRequest) -> Style:
        """Return the style, or the blend of styles, of a request, loaded now or earlier.

        Raises:
            NeuralStyleError: It cannot be loaded, or has no style of such a number.
        """
        if request.blend is None:
            return self.load_style(request.model, request.options)
        ingredients = request.blend.ingredients
        looked_at = {path: self._look_at(Path(path)) for path in request.blend.files}
        options = _loading_options(request.options)
        key = tuple((looked_at[i.file][0], i.number, i.share) for i in ingredients), options

        def load(arena: Arena) -> Style:
            files = {path: file or read_style(path) for path, (_, file) in looked_at.items()}
            parts = [(files[each.file], each.number, each.share) for each in ingredients]
            return load_blend(parts, options, self._notify, arena)

        return self._keep(key, load, options.memory)

    def load_style(self, path: str | PathLike[str], options: RenderingOptions) -> Style:
        """Return a style, loaded now or earlier.

        Raises:
            NeuralStyleError: It cannot be loaded, or has no style of such a number.
        """
        path = Path(path)
        sha256, file = self._look_at(path)
        key = sha256, path, _loading_options(options)

        def load(arena: Arena) -> Style:
            return load_style(file or read_style(path), options, self._notify, arena)

        return choose(self._keep(key, load, options.memory), options.number)

    def _look_at(self, path: Path) -> tuple[str, StyleFile | None]:
        """Return the digest of a style's file, and the file if it had to be read for that."""
        state, sha256 = self._digests.get(path, (None, ""))
        now = _state_of(path)
        if now is not None and now == state:
            return sha256, None
        file = read_style(path)
        sha256 = digest(file)
        self._digests[path] = now, sha256
        return sha256, file

    def _keep(self, key: _StyleKey, load: Callable[[Arena], Style], memory: int | None) -> Style:
        """Return the style of a key, loaded now or earlier, as the latest one that was used."""
        style = self._styles.pop(key, None)
        if style is None:
            self._make_room()
            style = load(self._share_arena(memory))
        self._styles[key] = style
        return style

    def release(self) -> None:
        """Release everything that is kept."""
        self._styles.clear()
        self._digests.clear()
        self._arena = self._picture = None

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


def _save_atomically(picture: Image.Image, path: Path, options: RenderingOptions) -> None:
    with replacing(path, PictureError) as temporary_path, instead_of_path(temporary_path, path):
        save_painting(picture, temporary_path, options)


def _state_of(path: Path) -> FileState | None:
    """Return what changes with a file; None if that cannot be told."""
    try:
        return file_state(path)
    except OSError:
        return None


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
