"""What tasks report while they work, as events of Luigi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import luigi

from .. import context

NOTE = "pset_4.note"
"""One line of text that somebody who waits for a task should know."""

BEGUN = "pset_4.begun"
"""A task, and the name of the file that it works on now."""

MADE = "pset_4.made"
"""What a task `Made`."""

PUBLISHED, FETCHED, PAINTED = "published", "fetched", "painted"
REPLACED = "replaced"
CACHED = "cached"
"""What is done to a drop-in offline, instead of publishing it."""


@dataclass(frozen=True)
class PlannedWork:
    """What a task would do, of which nothing is done in a dry run."""

    reason: str
    """Why, such as ``new``."""
    size: int | None = None
    """The bytes that would be moved; None if that is not known yet."""
    pixels: int = 0
    """The pixels that would be painted; 0 for other tasks, and if that is not known yet."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file or object that a task made. There may be tens of thousands."""

    verb: str
    """What was done: `PUBLISHED`, `FETCHED`, `PAINTED`, `REPLACED` or `CACHED`."""
    path: str
    """Its path or URL."""
    image: str | None
    """The image that it is, or is made from; None for a model."""
    model: str | None
    """The model that it is, or the style that it is made with; None for an image."""
    remark: str = ""
    """What people should know about it; empty if nothing."""
    seconds: float = 0.0
    """How long it took to paint; 0 for what was not painted."""
    plan: PlannedWork | None = None
    """In a dry run, why it would be made, and its size."""


def verb_of(task: luigi.Task) -> str | None:
    """Return the past participle of what a task does; None if it only joins others."""
    verb: str | None = getattr(task, "VERB", None)
    return CACHED if verb == PUBLISHED and context.current().settings.is_offline else verb


def describe(task: luigi.Task, name: str, verb: str | None = None, **details: Any) -> Made:
    """Return what a task makes, or made, for one of its names; by default it does its `VERB`."""
    image = name if hasattr(task, "image") else None
    path = task.path_of(name) if hasattr(task, "path_of") else str(task.output().path)
    return Made(verb or str(verb_of(task)), path, image, style_of(task), **details)


def style_of(task: luigi.Task) -> str | None:
    """Return the style that a task paints, or the model that it is about; None for others."""
    return getattr(task, "style", None) or getattr(task, "model", None)


def report_made(task: luigi.Task, name: str, verb: str | None = None, **details: Any) -> None:
    """Report what a task made for one of its names, as `describe` has it."""
    task.trigger_event(MADE, describe(task, name, verb, **details))


def report_begin(task: luigi.Task, name: str) -> None:
    """Report that a task works on one of its files now."""
    task.trigger_event(BEGUN, task, name)


def notify(task: luigi.Task, text: str) -> None:
    """Report a note of a task."""
    task.trigger_event(NOTE, text)
