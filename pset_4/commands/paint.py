"""The commands that paint: ``main``, ``stylize`` and ``demo``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from csci_utils.console import say

from ..storage.conflicts import REFUSE
from .gallery import keep_current
from .options import (
    common_options,
    conflict_option,
    painting_options,
    proof_options,
    rendering_options,
    runner_options,
)
from .session import EPILOG, report, run, session

if TYPE_CHECKING:
    import luigi

    from ..gallery.picks import Picks
    from ..settings import Settings
    from ..tasks.main import MainTask
    from ..tasks.stylize import Proof, Stylize
    from .selection import Selection


@click.command("main", epilog=EPILOG)
@painting_options
@proof_options
@conflict_option
@runner_options
@common_options
def main_command(
    images: Sequence[str],
    models: Sequence[str],
    upload: bool,
    picks: Picks | None,
    is_proof: bool,
    **options: Any,
) -> None:
    """Publish drop-ins, fetch what is needed, paint every image in every style, publish results.

    If nothing is dropped in and nothing is named: luigi.jpg in the style rain_princess.pth, both
    from the remote.
    """
    with session() as settings:
        from ..tasks.main import MainTask

        kind = _proof(options) if is_proof else MainTask
        paint(kind, settings, images, models, upload, options, picks=picks)


@click.command(epilog=EPILOG)
@painting_options
@proof_options
@conflict_option
@runner_options
@common_options
def stylize(
    images: Sequence[str],
    models: Sequence[str],
    upload: bool,
    picks: Picks | None,
    is_proof: bool,
    **options: Any,
) -> None:
    """Paint every image in every style; results stay on this machine."""
    with session() as settings:
        from ..tasks.stylize import Stylize

        kind = _proof(options) if is_proof else Stylize
        paint(kind, settings, images, models, upload, options, picks=picks)


@click.command(epilog=EPILOG)
@rendering_options
@runner_options
@common_options
def demo(**rendering: Any) -> None:
    """Drop in real photographs and styles, from the packages of the extra demo, and run main."""
    with session() as settings:
        from ..storage.samples import drop_samples_in
        from ..tasks.main import MainTask

        for name in drop_samples_in(settings.uploads):
            say(f"dropped in {name}", sys.stderr)
        paint(MainTask, settings, [], [], True, rendering, may_open=True)


def paint(
    kind: type[MainTask] | type[Stylize],
    settings: Settings,
    images: Sequence[str],
    models: Sequence[str],
    upload: bool,
    options: dict[str, Any],
    picks: Picks | None = None,
    may_open: bool = False,
) -> None:
    """Run a task of this kind for every image in every style, and end the process.

    Args:
        kind: The task.
        settings: The current ones.
        images: Names of images; empty for all drop-ins or else the default.
        models: The same of models.
        upload: Whether drop-ins are published first.
        options: The task's other parameters.
        picks: The only pairs to paint; None for all.
        may_open: Whether the gallery is opened at a desktop.
    """
    from ..tasks.stylize import Proof
    from .selection import select

    if picks is not None:
        images, models = images or picks.images, models or picks.models
    selected = select(settings, images, models, upload, options.get("on_conflict", REFUSE))
    for what, default in selected.defaults:
        say(
            f"no {what} named or dropped in: using {default} from the remote (the command demo "
            "brings images and styles of its own)",
            sys.stderr,
        )
    fetched = run(selected.list_unseen())
    tasks: list[luigi.Task] = [
        kind(image=image, model=style, upload=upload, **options)
        for image, style in (picks.select(selected.pairs()) if picks else selected.pairs())
    ]
    outcome = run(tasks or _list_uploads(selected))
    outcome.add_earlier(fetched)
    code = report(outcome, settings, selected.refused)
    keep_current(settings, outcome, selected.refused, kind is Proof, may_open)
    sys.exit(code)


def _proof(options: dict[str, Any]) -> type[Proof]:
    """Return the task of proofs, and limit their size unless another limit is given."""
    from ..tasks.stylize import PROOF_SIDE, Proof

    options["max_side"] = options["max_side"] or PROOF_SIDE
    return Proof


def _list_uploads(selected: Selection) -> list[luigi.Task]:
    """Return the uploads of the selected drop-ins: nothing to paint is no reason to keep them."""
    from .transfer import list_uploads

    return list_uploads(selected.drop_ins(), selected.on_conflict) if selected.upload else []
