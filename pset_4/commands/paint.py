"""The commands that paint: ``main`` and ``stylize``, and what ``demo`` and ``watch`` share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..storage.conflicts import REFUSE
from .answering import note, report
from .declaring import Command, apply
from .gallery import keep_current
from .options import (
    all_option,
    check_looks,
    check_rendering,
    common_options,
    conflict_option,
    dry_run_option,
    files_argument,
    force_option,
    json_option,
    like_option,
    offline_option,
    painting_options,
    proof_options,
    runner_options,
    scheduler_option,
    workers_option,
)
from .session import EPILOG, run, say_left_alone, say_without_quality, session

if TYPE_CHECKING:
    from ..gallery.picks import Picks
    from ..settings import Settings
    from ..storage.inventory import Inventory
    from ..tasks.main import MainTask
    from ..tasks.stylize import Stylize
    from .selection import Selection


@dataclass(frozen=True)
class Request:
    """What is to be painted; what is not named is all there is."""

    paths: Sequence[str] = ()
    """Files that are dropped in first."""
    images: Sequence[str] = ()
    """Names and patterns of images."""
    models: Sequence[str] = ()
    """Names and patterns of models."""
    exclude: Sequence[str] = ()
    """Names and patterns of what is left out."""
    everything: bool = False
    """Whether to paint all that the remote has, besides the drop-ins."""
    picks: Picks | None = None
    """The only pairs that are painted; None for all."""
    like: str | None = None
    """A painting whose style and options are used where none are given; None for none."""
    is_proof: bool = False
    """Whether small proofs are painted, which are never published."""
    upload: bool = True
    """Whether drop-ins are published first."""


def request_options(command: Command) -> Command:
    """Add the options of commands that paint, besides those of every command."""
    return apply(
        command,
        painting_options,
        proof_options,
        like_option,
        all_option,
        conflict_option,
        offline_option,
        workers_option,
        scheduler_option,
        runner_options,
        force_option,
    )


@click.command("main", epilog=EPILOG)
@request_options
@dry_run_option
@json_option
@common_options
@files_argument
def main_command(**options: Any) -> None:
    """Publish drop-ins, fetch what is needed, paint every image in every style, publish results.

    FILE, an image or a style model anywhere on this machine, is dropped in first, and only what is
    named is painted. If nothing is dropped in and nothing is named: luigi.jpg in the style
    rain_princess.pth if the remote has both, else everything that the remote has.
    """
    with session() as settings:
        from ..tasks.main import MainTask

        paint(MainTask, settings, *split_request(options))


@click.command(epilog=EPILOG)
@request_options
@dry_run_option
@json_option
@common_options
@files_argument
def stylize(**options: Any) -> None:
    """Paint every image in every style; results stay on this machine.

    FILE, an image or a style model anywhere on this machine, is dropped in first.
    """
    with session() as settings:
        from ..tasks.stylize import Stylize

        paint(Stylize, settings, *split_request(options))


def split_request(options: dict[str, Any]) -> tuple[Request, dict[str, Any]]:
    """Return what is to be painted, and the options of the tasks."""
    names = [field.name for field in fields(Request) if field.name in options]
    request = Request(**{name: options.pop(name) for name in names})
    if request.paths and not request.upload:
        raise click.UsageError(
            "a FILE is published before it is painted: leave out --no-upload or use --offline in "
            "its place, or name an image in the remote with --image"
        )
    check_rendering(options)
    check_looks(request.models, options)
    if request.like and request.picks:
        raise click.UsageError("--like and --only name styles both: leave out one of them")
    return request, options


def paint(
    kind: type[MainTask] | type[Stylize],
    settings: Settings,
    request: Request,
    options: dict[str, Any],
    may_open: bool = False,
) -> None:
    """Run a task of this kind for every image in every style, and end the process.

    Args:
        kind: The task.
        settings: The current ones.
        request: What is to be painted.
        options: The task's other parameters.
        may_open: Whether the gallery is opened at a desktop.
    """
    from ..styles.tasks import make_tasks
    from .transfer import list_uploads

    if request.like:
        request, options = follow(settings, request, request.like, options)
    if request.is_proof:
        from ..styles.proofs import Proof, limit_size

        kind, options = Proof, limit_size(options)
    selected = _select(settings, request, options)
    _note_selection(settings, selected)
    fetched = run(selected.list_unseen())
    for file in (made.model for made in fetched.done if made.plan):
        note(f"note: the styles of {file} are counted once it is fetched; it is shown as one")
    tasks = make_tasks(kind, _list_pairs(selected, request.picks), request.upload, options)
    say_without_quality(selected.images, options)
    # Nothing to paint is no reason to keep drop-ins.
    uploads = list_uploads(selected.drop_ins(), selected.on_conflict) if selected.upload else []
    outcome = run(tasks or uploads)
    outcome.add_earlier(fetched)

    def conclude() -> dict[str, object]:
        from ..planning.pixels import measure

        measure(settings, outcome)
        if not (tasks or os.path.isdir(settings.results)):
            return {"gallery": None}
        page = keep_current(settings, outcome, selected.refused, request.is_proof, may_open)
        return {"gallery": page}

    sys.exit(report(outcome, settings, selected.refused, conclude))


def _note_selection(settings: Settings, selected: Selection) -> None:
    """Say where what is painted comes from, if nobody named it, and what is left alone."""
    from ..context import command
    from ..places import shorten

    if not (selected.images or selected.models or selected.refused):
        note(
            "nothing to paint: put images and style models into "
            f"{shorten(settings.uploads)}, or see it at work first: {command('demo')}"
        )
    say_left_alone(selected.others, settings)
    source = "cache" if settings.is_offline else "remote"
    for what, default in selected.defaults:
        note(
            f"no {what} named or dropped in: using {default} from the {source} (--all paints all "
            "that it has, and the command demo brings images and styles of its own)"
        )


def follow(
    settings: Settings, request: Request, like: str, options: dict[str, Any]
) -> tuple[Request, dict[str, Any]]:
    """Take the style and the options of a painting, where none are given on the command line."""
    from ..names import is_model_file
    from ..places import shorten
    from ..provenance.look import find_style, read_look
    from ..provenance.paintings import find_painting
    from ..rendering_options import describe_options

    painting = find_painting(settings, like)
    look = read_look(painting)
    source_of = click.get_current_context().get_parameter_source
    kept = {name for name in options if source_of(name) is ParameterSource.COMMANDLINE}
    if request.is_proof:
        kept.add("max_side")  # a proof has a size of its own
    options = {**options, **{name: look.options[name] for name in look.options.keys() - kept}}
    models = request.models
    if not (models or any(map(is_model_file, request.paths))):
        models = [find_style(settings, painting, look.number, request.upload)]
    style = ", ".join(models) or "the style given"
    check_rendering(options)
    note(f"like {shorten(like)}: {style}, {describe_options(options)}")
    return replace(request, models=models), options


def _select(settings: Settings, request: Request, options: dict[str, Any]) -> Selection:
    """Choose images and models; of what is not named, with `everything`, all of the remote.

    Defaults are used only if the remote has all that are needed; else all that it has is chosen.
    """
    from ..storage.inventory import list_remote
    from .selection import include_remote, select

    choose = partial(select, settings, upload=request.upload)
    if request.paths:  # a name that nothing has is found before anything is copied
        from .transfer import name_drop_ins

        choose(request.images, request.models, dropped=name_drop_ins(request.paths))
    images, models, dropped = _drop_in(settings, request)
    if request.picks is not None:
        images, models = images or request.picks.images, models or request.picks.models
    on_conflict = options.get("on_conflict", REFUSE)
    selected = choose(images, models, on_conflict=on_conflict, dropped=dropped)
    defaults = dict(selected.defaults)
    if request.everything:
        unnamed = [kind for kind, names in (("image", images), ("style", models)) if not names]
        include_remote(selected, list_remote(settings), unnamed)
    elif defaults:
        remote = list_remote(settings)
        if not {*defaults.values()} <= {*remote.images, *remote.models}:
            include_remote(selected, remote, defaults)
            chosen = {"image": selected.images, "style": selected.models}
            if found := [kind for kind in defaults if chosen[kind]]:
                kinds = " and no ".join(sorted(found))
                note(f"no {kinds} named or dropped in: using all of the remote's")
    selected.leave_out(request.exclude)
    return selected


def _list_pairs(selected: Selection, picks: Picks | None) -> Iterable[tuple[str, str]]:
    """Return the pairs that are painted, or raise MissingError: no pick is among what is named."""
    if picks is None:
        return selected.pairs()
    pairs = list(picks.select(selected.pairs()))
    if not (pairs or selected.refused):
        from ..errors import MissingError

        remedy = "name images and styles that were picked together, or none"
        raise MissingError("no pick is among what is named", path="--only", remedy=remedy)
    return pairs


def _drop_in(
    settings: Settings, request: Request
) -> tuple[Sequence[str], Sequence[str], Inventory]:
    """Drop files in, and return the images and models that are named, by name or as a file.

    A file whose styles are named, as in ``-m many.onnx@7``, is not named as a whole. The third
    value has all that were dropped in, and says why some may be unusable.
    """
    from ..storage.inventory import Inventory
    from ..storage.lookup import find_files
    from .transfer import drop_in

    if not request.paths:
        return request.images, request.models, Inventory()
    dropped = drop_in(settings, request.paths)
    part_of = find_files(request.models, dropped.models)
    whole = [model for model in dropped.models if model not in part_of]
    images, models = [*request.images, *dropped.images], [*request.models, *whole]
    return images, models, Inventory(dropped.images, dropped.models, dropped.refused)
