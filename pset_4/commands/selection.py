"""Which images and which styles a command is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby, product

from csci_utils.digest import file_digest
from csci_utils.errors import DescribedError
from neural_style import NeuralStyleError

from .. import context, names
from ..errors import MissingError, RunnerError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..places import shorten
from ..runners import current_runner
from ..settings import Settings
from ..storage.conflicts import KEEP_REMOTE, REFUSE
from ..storage.inventory import Inventory, list_drop_ins
from ..storage.lookup import find_excluded
from ..tasks.download import DownloadModel
from ..tasks.local import LocalModel
from .resolving import resolve_known

STYLES_AT_ONCE = 8
"""How many checkpoints paint an image before the next image is read, as many as `Painter` keeps
loaded: so each image is decoded once for all of them."""


MAX_COUNTS = 256
"""How many files have their number of styles cached."""


@dataclass
class Selection:
    """The images and models of a command, and the drop-ins that cannot be used for it."""

    images: list[str]
    """Names of images, without those refused."""
    models: list[str]
    """Names of models, without those refused; one of a file of many styles may have a number."""
    upload: bool
    """Whether drop-ins are published first."""
    on_conflict: str
    """What happens if the remote has other bytes under their names: one of `CONFLICT_CHOICES`."""
    refused: Mapping[str, DescribedError] = field(default_factory=dict)
    """For each name that was chosen and cannot be used, why."""
    defaults: list[tuple[str, str]] = field(default_factory=list)
    """Defaults that were chosen because there is nothing else, each with what it is."""
    others: Sequence[str] = ()
    """Files of other kinds among drop-ins that are used in place; they are left alone."""
    exclude: Sequence[str] = ()
    """Names and patterns of what is left out; here they can name styles by number, too."""
    _all_drop_ins: Inventory = field(default_factory=Inventory)

    def leave_out(self, patterns: Sequence[str]) -> None:
        """Leave out what names and patterns match; a number of a style is matched in `styles`.

        Raises:
            MissingError: One of them matches nothing, or nothing is left.
        """
        left = Inventory(self.images, self.models, dict(self.refused)).without(patterns)
        if (self.images and not left.images) or (self.models and not left.models):
            raise MissingError("nothing is left", path="--exclude", remedy="leave out less")
        self.images, self.models, self.refused = left.images, left.models, left.refused
        self.exclude = patterns

    def drop_ins(self) -> Inventory:
        """Return the drop-ins among the selected images and models."""
        images = set(self.images)
        files = {file for model in self.models for file in names.parse_model_name(model).files}
        return Inventory(
            [image for image in self._all_drop_ins.images if image in images],
            [model for model in self._all_drop_ins.models if model in files],
        )

    def list_unseen(self) -> list[DownloadModel]:
        """Return tasks that fetch files from the remote whose styles have to be counted."""
        files = {names.parse_model_name(each).file for each in self.models if _may_hold_many(each)}
        sources = [self._source_of(file) for file in sorted(files)]
        return [source for source in sources if isinstance(source, DownloadModel)]

    def styles(self) -> list[str]:
        """Return the styles of the models: a file of several without a number counts as them all.

        It has to be there to be counted: see `list_unseen`.
        """
        found = dict.fromkeys(style for model in self.models for style in self._expand(model))
        numbered = [pattern for pattern in self.exclude if "@" in pattern]
        excluded = find_excluded(numbered, found)
        return [style for style in found if style not in excluded]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every image with every style, in an order in which little is loaded twice."""
        for _, styles_at_once in groupby(enumerate(self.styles()), _block_of):
            yield from product(self.images, [style for _, style in styles_at_once])

    def _source_of(self, file: str) -> LocalModel | DownloadModel:
        """Return where a model's file can be read: the drop-in that is published, or the cache."""
        drop_in = LocalModel(model=file)
        if self.upload and self.on_conflict != KEEP_REMOTE and drop_in.complete():
            return drop_in
        return DownloadModel(model=file, upload=self.upload, on_conflict=self.on_conflict)

    def _expand(self, model: str) -> list[str]:
        if not _may_hold_many(model):
            return [model]
        name = names.parse_model_name(model)
        path = self._source_of(name.file).output().path
        try:
            # A command that goes on for long asks again and again, and inspecting takes a while.
            count = context.current().keep(_make_counter)(path, file_digest(path))
        except (NeuralStyleError, RunnerError, OSError):
            return [model]  # the run itself says what is wrong with it
        if count is None:
            return [model]
        return [str(replace(name, number=number)) for number in range(count)]


def select(
    settings: Settings,
    images: Sequence[str],
    models: Sequence[str],
    upload: bool,
    *,
    on_conflict: str = REFUSE,
    exclude: Sequence[str] = (),
    dropped: Inventory | None = None,
) -> Selection:
    """Choose images and models: those named; else all drop-ins; else the defaults.

    A kind has no default if a refused drop-in may be of that kind: then that one was meant.

    Args:
        settings: The current ones.
        images: Names and patterns of images.
        models: Names and patterns of models; a name may lack its suffix.
        upload: Whether drop-ins are published first; if not, names are those in the remote.
        on_conflict: One of `CONFLICT_CHOICES`.
        exclude: Names and patterns of what is left out.
        dropped: Further drop-ins that names can stand for, in place or about to be.

    Raises:
        MissingError: A pattern matches nothing, or all that was chosen is left out.
    """
    drop_ins = list_drop_ins(settings)
    named = resolve_known(settings, drop_ins.add(dropped), images, models, upload)
    kinds = (bool(images), bool(models))
    refused = {
        **named.refused,
        **_select_refused(named if upload else Inventory(), kinds, drop_ins),
        **(dropped.refused if dropped else {}),
    }
    has_bad_image = any(not names.is_model_file(name) for name in drop_ins.refused)
    has_bad_model = any(names.is_model_file(name) for name in drop_ins.refused)
    chosen_images, chosen_models = named.images, named.models
    if not images:
        chosen_images = drop_ins.images or ([] if has_bad_image else [DEFAULT_IMAGE])
    if not models:
        chosen_models = drop_ins.models or ([] if has_bad_model else [DEFAULT_MODEL])
    defaults = []
    if not images and chosen_images != drop_ins.images:
        defaults.append(("image", DEFAULT_IMAGE))
    if not models and chosen_models != drop_ins.models:
        defaults.append(("style", DEFAULT_MODEL))
    selected = Selection(
        [image for image in chosen_images if refused.keys().isdisjoint(_with_folders(image))],
        [model for model in chosen_models if refused.keys().isdisjoint(_with_folders(model))],
        upload,
        on_conflict,
        refused,
        defaults,
        drop_ins.others,
        _all_drop_ins=drop_ins,
    )
    selected.leave_out(exclude)
    return selected


def include_remote(selected: Selection, remote: Inventory, kinds: Collection[str]) -> None:
    """Select all that the remote has of these kinds ("image", "style"), in place of defaults.

    What it has and cannot be used is refused. If there is nothing of either kind then, nothing is
    selected. If only one is missing, that is refused.
    """
    defaults = dict(selected.defaults)
    images, models = selected.images, selected.models
    refused = dict(selected.refused)
    if "image" in kinds:
        images = sorted({*images} - {defaults.get("image")} | {*remote.images})
        refused |= {n: e for n, e in remote.refused.items() if not names.is_model_file(n)}
    if "style" in kinds:
        models = sorted({*models} - {defaults.get("style")} | {*remote.models})
        refused |= {n: e for n, e in remote.refused.items() if names.is_model_file(n)}
    if images and not models and not any(map(names.is_model_file, refused)):
        refused[DEFAULT_MODEL] = _describe_lack("style", "a style model", "models fetch")
    if models and not images and all(map(names.is_model_file, refused)):
        refused[DEFAULT_IMAGE] = _describe_lack("image", "an image", "main FILE")
    selected.images, selected.models, selected.refused = images, models, refused
    selected.defaults = []


def _describe_lack(kind: str, what: str, words: str) -> MissingError:
    """Return the error for a kind of which there is nothing."""
    settings = context.current().settings
    place = "the cache" if settings.is_offline else "the remote"
    return MissingError(
        f"no {kind} is named, dropped in, or in {place}",
        remedy=f"put {what} into {shorten(settings.uploads)} or run {context.command(words)}",
    )


def _select_refused(
    named: Inventory, kinds: tuple[bool, bool], drop_ins: Inventory
) -> dict[str, DescribedError]:
    """Return the refused drop-ins that a command is about: of a kind that is named, those named.

    Args:
        named: What is named; with uploads off a name means the remote's object, whatever is dropped
            in under it, so nothing is.
        kinds: Whether images are named, and whether models are.
        drop_ins: The drop-ins.
    """
    has_images, has_models = kinds
    asked = {path for name in (*named.images, *named.models) for path in _with_folders(name)}
    return {
        name: reason
        for name, reason in drop_ins.refused.items()
        if name in asked
        or not (
            (has_images and not names.is_model_file(name))
            or (has_models and not names.is_image_name(name))
        )
    }


def _with_folders(name: str) -> Iterator[str]:
    """Yield the name of a file without a style's number, and the folders that it is in."""
    for file in (name,) if names.is_image_name(name) else names.parse_model_name(name).files:
        yield file
        while file := file.rpartition("/")[0]:
            yield file


def _make_counter(settings: Settings) -> Callable[[str, str], int | None]:
    """Return a function of a model's path and digest, which counts the styles of a file once."""
    return lru_cache(MAX_COUNTS)(lambda path, digest: _count_styles(path))


def _count_styles(path: str) -> int | None:
    if path.lower().endswith(".onnx"):
        return current_runner().inspect(path).count
    from neural_style.formats.safetensors_file import count_styles_in  # imports NumPy

    return count_styles_in(path)  # so fast that no program has to be started for it


def _may_hold_many(model: str) -> bool:
    name = names.parse_model_name(model)
    is_whole = name.number is None and name.blend is None
    return is_whole and name.file.lower().endswith((".onnx", ".safetensors"))


def _block_of(style: tuple[int, str]) -> tuple[bool, object]:
    """Return a key that is equal for styles that paint an image before the next one is read.

    Graphs take much memory for each image size, so these are the styles of one graph's file, or as
    many checkpoints as stay loaded.
    """
    position, name = style
    file = names.parse_model_name(name).source
    is_graph = file.lower().endswith(".onnx")
    return is_graph, file if is_graph else position // STYLES_AT_ONCE
