"""The tasks of results, from the names of results and from their records."""

from __future__ import annotations

from ..rendering_options import RESULT_OPTIONS
from ..storage.records import Origin
from ..tasks.stylize import Stylize
from .results import style_parameters


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
