"""The commands that paint: ``main``, ``stylize`` and ``demo``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from csci_utils.console import say

from ..storage.conflicts import REFUSE
from ..terminal.completion import complete_files
from .gallery import keep_current
from .options import (
    Command,
    all_option,
    common_options,
    conflict_option,
    offline_option,
    painting_options,
    proof_options,
    rendering_options,
    runner_options,
    scheduler_option,
)
from .session import EPILOG, report, run, say_left_alone, session

if TYPE_CHECKING:
    import luigi

    from ..gallery.picks import Picks
    from ..settings import Settings
    from ..tasks.main import MainTask
    from ..tasks.stylize import Proof, Stylize
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
    """Whether all that the remote has counts as named, besides drop-ins."""
    picks: Picks | None = None
    """The only pairs that are painted; None for all."""
    is_proof: bool = False
    """Whether small proofs are painted, which are never published."""
    upload: bool = True
    """Whether drop-ins are published first."""


def painting_command(command: Command) -> Command:
    """Add the arguments and options of commands that paint."""
    paths = click.argument("paths", nargs=-1, metavar="[FILE]...", shell_complete=complete_files)
    decorators = (
        common_options,
        runner_options,
        scheduler_option,
        offline_option,
        conflict_option,
        all_option,
        proof_options,
        painting_options,
        paths,
    )
    for decorate in decorators:
        command = decorate(command)
    return command


@click.command("main", epilog=EPILOG)
@painting_command
def main_command(**options: Any) -> None:
    """Publish drop-ins, fetch what is needed, paint every image in every style, publish results.

    FILE, an image or a style model anywhere on this machine, is dropped in first, and only what is
    named is painted. If nothing is dropped in and nothing is named: luigi.jpg in the style
    rain_princess.pth if the remote has both, else everything that the remote has.
    """
    with session() as settings:
        from ..tasks.main import MainTask

        paint(MainTask, settings, *_split(options))


@click.command(epilog=EPILOG)
@painting_command
def stylize(**options: Any) -> None:
    """Paint every image in every style; results stay on this machine.

    FILE, an image or a style model anywhere on this machine, is dropped in first.
    """
    with session() as settings:
        from ..tasks.stylize import Stylize

        paint(Stylize, settings, *_split(options))


@click.command(epilog=EPILOG)
@rendering_options
@runner_options
@scheduler_option
@common_options
def demo(**rendering: Any) -> None:
    """Drop in real photographs and styles, from the packages of the extra demo, and run main."""
    with session() as settings:
        from ..storage.dropping import check_writable
        from ..storage.samples import drop_samples_in
        from ..tasks.main import MainTask

        check_writable(settings)
        for name in drop_samples_in(settings.uploads):
            say(f"dropped in {name}", sys.stderr)
        paint(MainTask, settings, Request(), rendering, may_open=True)


def _split(options: dict[str, Any]) -> tuple[Request, dict[str, Any]]:
    """Return what is to be painted, and the options of the tasks."""
    names = [field.name for field in fields(Request)]
    request = Request(**{name: options.pop(name) for name in names})
    if request.paths and not request.upload:
        raise click.UsageError(
            "a FILE is published before it is painted: leave out --no-upload, or name an image in "
            "the remote with --image"
        )
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
    from ..places import shorten

    if request.is_proof:
        kind = _proof(options)
    selected = _select(settings, request, options)
    if not (selected.images or selected.models or selected.refused):
        say(
            "nothing to paint: put images and style models into "
            f"{shorten(settings.uploads)}, or see it at work first: python -m pset_4 demo",
            sys.stderr,
        )
    say_left_alone(selected.others, settings)
    source = "cache" if settings.is_offline else "remote"
    for what, default in selected.defaults:
        say(
            f"no {what} named or dropped in: using {default} from the {source} (--all paints all "
            "that it has, and the command demo brings images and styles of its own)",
            sys.stderr,
        )
    fetched = run(selected.list_unseen())
    tasks: list[luigi.Task] = [
        kind(image=image, model=style, upload=request.upload, **options)
        for image, style in _list_pairs(selected, request.picks)
    ]
    outcome = run(tasks or _list_uploads(selected))
    outcome.add_earlier(fetched)
    code = report(outcome, settings, selected.refused)
    keep_current(settings, outcome, selected.refused, request.is_proof, may_open)
    sys.exit(code)


def _proof(options: dict[str, Any]) -> type[Proof]:
    """Return the task of proofs, and limit their size unless another limit is given."""
    from ..tasks.stylize import PROOF_SIDE, Proof

    options["max_side"] = options["max_side"] or PROOF_SIDE
    return Proof


def _select(settings: Settings, request: Request, options: dict[str, Any]) -> Selection:
    """Choose images and models; of what is not named, with `everything`, all of the remote.

    The defaults count only where the remote has all of them that are needed. Elsewhere what it has
    takes their place.
    """
    from ..storage.inventory import list_remote
    from .selection import include_remote, select

    images, models = _drop_in(settings, request)
    if request.picks is not None:
        images, models = images or request.picks.images, models or request.picks.models
    on_conflict = options.get("on_conflict", REFUSE)
    selected = select(settings, images, models, request.upload, on_conflict, request.exclude)
    defaults = dict(selected.defaults)
    if request.everything:
        unnamed = [kind for kind, names in (("image", images), ("style", models)) if not names]
        include_remote(selected, list_remote(settings).without(request.exclude), unnamed)
    elif defaults:
        remote = list_remote(settings).without(request.exclude)
        if not {*defaults.values()} <= {*remote.images, *remote.models}:
            include_remote(selected, remote, defaults)
    return selected


def _list_pairs(selected: Selection, picks: Picks | None) -> Iterable[tuple[str, str]]:
    pairs = selected.pairs()
    return pairs if picks is None else picks.select(pairs)


def _drop_in(settings: Settings, request: Request) -> tuple[Sequence[str], Sequence[str]]:
    """Drop files in, and return the images and models that are named, by name or as a file."""
    if not request.paths:
        return request.images, request.models
    from ..storage.dropping import drop_files_in

    dropped = drop_files_in(settings, request.paths)
    for name in dropped.new:
        say(f"dropped in {name}", sys.stderr)
    return [*request.images, *dropped.images], [*request.models, *dropped.models]


def _list_uploads(selected: Selection) -> list[luigi.Task]:
    """Return the uploads of the selected drop-ins: nothing to paint is no reason to keep them."""
    from .transfer import list_uploads

    return list_uploads(selected.drop_ins(), selected.on_conflict) if selected.upload else []
