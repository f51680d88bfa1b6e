"""The tasks of results, from the names of results and from their records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .. import context
from ..rendering_options import RESULT_OPTIONS
from ..storage.records import Origin
from ..tasks.batch import BATCH, join_pairs
from ..tasks.parameters import join_images, split_images
from ..tasks.stylize import Stylize
from .formats import split_by_format
from .results import style_parameters

if TYPE_CHECKING:
    import luigi

    from ..tasks.main import MainTask


def make_tasks(
    kind: type[MainTask] | type[Stylize],
    pairs: Iterable[tuple[str, str]],
    upload: bool,
    options: Mapping[str, Any],
) -> list[luigi.Task]:
    """Return the tasks that paint images in styles, several images of a style at once.

    The images of a style are divided among the workers.

    Args:
        kind: The task.
        pairs: Images and styles; what the look of one names counts more than the options.
        upload: Whether drop-ins are published first.
        options: The tasks' other parameters.
    """
    pairs = list(pairs)
    images_count = len({image for image, _ in pairs})
    size = min(BATCH, max(1, math.ceil(images_count / context.current().settings.workers)))
    return [
        kind(image=join_images(images), upload=upload, **fitted)
        for joined, style in join_pairs(pairs, size)
        for images, fitted in split_by_format(
            split_images(joined), {**options, **style_parameters(style)}
        )
    ]


def task_of(style: str, image: str) -> Stylize:
    """Return the task of a result, with the options that its name says."""
    return Stylize(image=image, upload=False, **style_parameters(style))


def recorded_task(style: str, image: str, recorded: Origin | None) -> Stylize | None:
    """Return the task that paints a result as its record says; None if that is not usable."""
    try:
        options = {option.name: (recorded or {})[option.name] for option in RESULT_OPTIONS}
        task = Stylize(image=image, upload=False, **{**options, **style_parameters(style)})
    except (KeyError, TypeError, ValueError):
        return None
    return task if task.style == style else None
