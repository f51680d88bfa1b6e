"""Which pictures and which styles a command is about."""

from collections.abc import Iterator, Sequence
from itertools import groupby, product

from .. import names, runners
from ..errors import RunnerError
from ..inventory import Inventory
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..tasks.download import DownloadModel
from ..tasks.local import LocalModel


def choose_images(named: Sequence[str], drop_ins: Inventory) -> list[str]:
    """The pictures named; else all that are dropped in; else the default.

    Where something was dropped in that is no picture, nobody meant the default.
    """
    is_refused = any(not names.is_model_file(name) for name in drop_ins.refused)
    return list(named) or drop_ins.images or ([] if is_refused else [DEFAULT_IMAGE])


def choose_models(named: Sequence[str], drop_ins: Inventory) -> list[str]:
    """The models named; else all that are dropped in; else the default, as with pictures."""
    is_refused = any(names.is_model_file(name) for name in drop_ins.refused)
    return list(named) or drop_ins.models or ([] if is_refused else [DEFAULT_MODEL])


def list_defaults(
    images: Sequence[str], models: Sequence[str], drop_ins: Inventory
) -> Iterator[tuple[str, str]]:
    """The defaults that are chosen because nothing else is, each with what it is."""
    if not images and choose_images(images, drop_ins) != drop_ins.images:
        yield "picture", DEFAULT_IMAGE
    if not models and choose_models(models, drop_ins) != drop_ins.models:
        yield "style", DEFAULT_MODEL


def select_refused(
    images: Sequence[str], models: Sequence[str], drop_ins: Inventory, upload: bool
) -> dict[str, str]:
    """The refused drop-ins that a command is about: of a kind that is named, only those named.

    With uploads off a name means the remote's, whatever is dropped in under it.
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


def restrict(drop_ins: Inventory, images: Sequence[str], models: Sequence[str]) -> Inventory:
    """The drop-ins among these pictures and models."""
    files = {names.parse_model_name(model).file for model in models}
    return Inventory(
        [image for image in drop_ins.images if image in images],
        [model for model in drop_ins.models if model in files],
    )


def list_unseen(models: Sequence[str], upload: bool) -> list[DownloadModel]:
    """Fetches of the files in the remote that may hold many styles, to count them."""
    sources = [_source_of(model, upload) for model in models if _may_hold_many(model)]
    return [source for source in sources if isinstance(source, DownloadModel)]


def name_styles(models: Sequence[str], upload: bool) -> list[str]:
    """The models, with each file of many styles that came without a number as all its styles."""
    styles = [style for model in models for style in _expand(model, upload)]
    return list(dict.fromkeys(styles))


def pair(pictures: Sequence[str], styles: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every picture with every style: file by file, so that each network is loaded once."""
    for _, styles_of_file in groupby(styles, lambda style: names.parse_model_name(style).file):
        yield from product(pictures, tuple(styles_of_file))


def _may_hold_many(model: str) -> bool:
    name = names.parse_model_name(model)
    return name.number is None and name.file.lower().endswith(".onnx")


def _source_of(file: str, upload: bool) -> LocalModel | DownloadModel:
    """Where the file of a model can be read: the drop-in that will be published, or the cache."""
    drop_in = LocalModel(model=file)
    return drop_in if upload and drop_in.complete() else DownloadModel(model=file, upload=upload)


def _expand(model: str, upload: bool) -> list[str]:
    from neural_style import NeuralStyleError

    if not _may_hold_many(model):
        return [model]
    try:
        count = runners.current().inspect(_source_of(model, upload).output().path).count
    except (NeuralStyleError, RunnerError):
        return [model]  # the run itself says what is wrong with it
    return [model] if count is None else [f"{model}@{number}" for number in range(count)]
