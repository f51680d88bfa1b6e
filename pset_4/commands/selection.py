"""Which images and which styles a command is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, product

from csci_utils.errors import DescribedError
from neural_style import NeuralStyleError

from .. import names
from ..errors import RunnerError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..runners import current_runner
from ..settings import Settings
from ..storage.conflicts import KEEP_REMOTE, REFUSE
from ..storage.inventory import Inventory, list_drop_ins, list_remote
from ..tasks.download import DownloadModel
from ..tasks.local import LocalModel

STYLES_AT_ONCE = 8
"""How many checkpoints are painted with image by image, as many as `Painter` keeps loaded: so each
image is decoded once for all of them."""


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
    """For each refused drop-in, why."""
    defaults: list[tuple[str, str]] = field(default_factory=list)
    """Defaults that were chosen because there is nothing else, each with what it is."""
    _all_drop_ins: Inventory = field(default_factory=Inventory)

    def drop_ins(self) -> Inventory:
        """Return the drop-ins among the selected images and models."""
        files = {names.parse_model_name(model).file for model in self.models}
        return Inventory(
            [image for image in self._all_drop_ins.images if image in self.images],
            [model for model in self._all_drop_ins.models if model in files],
        )

    def list_unseen(self) -> list[DownloadModel]:
        """Return tasks that fetch files from the remote whose styles have to be counted."""
        sources = [self._source_of(model) for model in self.models if _may_hold_many(model)]
        return [source for source in sources if isinstance(source, DownloadModel)]

    def styles(self) -> list[str]:
        """Return the styles of the models: a file of several without a number counts as them all.

        It has to be there to be counted: see `list_unseen`.
        """
        return list(dict.fromkeys(style for model in self.models for style in self._expand(model)))

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
        path = self._source_of(model).output().path
        try:
            count = current_runner().inspect(path).count
        except (NeuralStyleError, RunnerError):
            return [model]  # the run itself says what is wrong with it
        return [model] if count is None else [f"{model}@{number}" for number in range(count)]


def select(
    settings: Settings,
    images: Sequence[str],
    models: Sequence[str],
    upload: bool,
    on_conflict: str = REFUSE,
) -> Selection:
    """Choose images and models: those named; else all drop-ins; else the defaults.

    If something was dropped in that is not of a kind, nobody meant the default of that kind.
    """
    drop_ins = list_drop_ins(settings)
    images, models = spell(images, models, lambda: drop_ins if upload else list_remote(settings))
    refused = _select_refused(images, models, drop_ins, upload)
    has_bad_image = any(not names.is_model_file(name) for name in drop_ins.refused)
    has_bad_model = any(names.is_model_file(name) for name in drop_ins.refused)
    chosen_images = list(images) or drop_ins.images or ([] if has_bad_image else [DEFAULT_IMAGE])
    chosen_models = list(models) or drop_ins.models or ([] if has_bad_model else [DEFAULT_MODEL])
    defaults = []
    if not images and chosen_images != drop_ins.images:
        defaults.append(("image", DEFAULT_IMAGE))
    if not models and chosen_models != drop_ins.models:
        defaults.append(("style", DEFAULT_MODEL))
    return Selection(
        [image for image in chosen_images if image not in refused],
        [model for model in chosen_models if names.parse_model_name(model).file not in refused],
        upload,
        on_conflict,
        refused,
        defaults,
        drop_ins,
    )


def include_remote(selected: Selection, remote: Inventory, kinds: Collection[str]) -> None:
    """Select all that the remote has of these kinds ("image", "style"), in place of defaults.

    If there is nothing of either kind then, nothing is selected. If only one is missing, its
    default stays, and fails by its name.
    """
    defaults = dict(selected.defaults)
    images, models = selected.images, selected.models
    if "image" in kinds:
        images = sorted({*images} - {defaults.get("image")} | {*remote.images})
    if "style" in kinds:
        models = sorted({*models} - {defaults.get("style")} | {*remote.models})
    if images or models:
        images, models = images or selected.images, models or selected.models
    selected.images, selected.models = images, models
    missing = {*images, *models} - {*remote.images, *remote.models}
    selected.defaults = [each for each in selected.defaults if each[1] in missing]


def spell(
    images: Sequence[str], models: Sequence[str], inventory: Callable[[], Inventory]
) -> tuple[list[str], list[str]]:
    """Return names as they are spelled in a place: with composed or decomposed accents.

    Args:
        images: Names of images.
        models: Names of models; they may have a style number.
        inventory: Lists the place. It is called only if a name is not ASCII.
    """
    if all(map(str.isascii, (*images, *models))):
        return list(images), list(models)
    found = inventory()
    return (
        [names.find_spelling(image, found.images) for image in images],
        [_spell_model(model, found.models) for model in models],
    )


def _spell_model(model: str, existing: Sequence[str]) -> str:
    name = names.parse_model_name(model)
    return str(replace(name, file=names.find_spelling(name.file, existing)))


def _select_refused(
    images: Sequence[str], models: Sequence[str], drop_ins: Inventory, upload: bool
) -> dict[str, DescribedError]:
    """Return the refused drop-ins that a command is about: of a kind that is named, those named.

    With uploads off a name means the remote's object, whatever is dropped in under it.
    """
    asked = {*images, *(names.parse_model_name(model).file for model in models)} if upload else ()
    return {
        name: reason
        for name, reason in drop_ins.refused.items()
        if name in asked
        or not (
            (images and not names.is_model_file(name)) or (models and not names.is_image_name(name))
        )
    }


def _may_hold_many(model: str) -> bool:
    name = names.parse_model_name(model)
    return name.number is None and name.file.lower().endswith(".onnx")


def _block_of(style: tuple[int, str]) -> tuple[bool, object]:
    """Return what styles have in common that are painted with image by image.

    Graphs take much memory for each image size, so only those of one file are. Checkpoints are, as
    many as stay loaded.
    """
    position, name = style
    file = names.parse_model_name(name).file
    is_graph = file.lower().endswith(".onnx")
    return is_graph, file if is_graph else position // STYLES_AT_ONCE
