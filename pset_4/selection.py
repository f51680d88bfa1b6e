"""Which pictures and which styles a command is about."""

from collections.abc import Iterator, Sequence
from itertools import groupby, product

from . import names
from .inventory import Inventory, is_drop_in
from .names import DEFAULT_IMAGE, DEFAULT_MODEL
from .pipeline import run_tasks
from .settings import Settings
from .tasks.download import DownloadModel


def choose_images(named: Sequence[str], drop_ins: Inventory) -> list[str]:
    """The pictures named; else all that are dropped in; else the default."""
    return list(named) or drop_ins.images or [DEFAULT_IMAGE]


def choose_styles(
    named: Sequence[str], drop_ins: Inventory, settings: Settings, upload: bool
) -> list[str]:
    """The models named; else all that are dropped in; else the default.

    A file of many styles that comes without a number stands for every style in it.
    """
    models = list(named) or drop_ins.models or [DEFAULT_MODEL]
    return [style for model in models for style in _expand(model, settings, upload)]


def pair(pictures: Sequence[str], styles: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every picture with every style: file by file, so that each network is loaded once."""
    for _, styles_of_file in groupby(styles, lambda style: names.parse_model_name(style).file):
        yield from product(pictures, tuple(styles_of_file))


def select_refused(
    images: Sequence[str], models: Sequence[str], drop_ins: Inventory
) -> dict[str, str]:
    """The refused drop-ins that a command is about: of a kind that is named, only those named."""
    return {
        name: reason
        for name, reason in drop_ins.refused.items()
        if not (images and not names.is_model_file(name))
        and not (models and not names.is_image_name(name))
    }


def _expand(model: str, settings: Settings, upload: bool) -> list[str]:
    from neural_style import StyleError, count_styles

    name = names.parse_model_name(model)
    if name.number is not None or not name.file.lower().endswith(".onnx"):
        return [model]
    path = f"{settings.uploads}/{name.file}"
    if not is_drop_in(path):
        download = DownloadModel(model=name.file, upload=upload)
        if run_tasks([download]).failures:
            return [model]  # the run itself says what is wrong with it
        path = download.output().path
    try:
        count = count_styles(path)
    except StyleError:
        return [model]  # as above
    return [model] if count is None else [f"{model}@{number}" for number in range(count)]
