"""The command ``remove``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from csci_utils.console import ExitCode, say

from ...terminal.completion import complete_all
from ..answering import answer_found, is_quiet, note
from ..options import common_options, json_option
from ..session import EPILOG, session
from .confirming import confirm, remove_all, show, yes_option

if TYPE_CHECKING:
    from ...settings import Settings
    from ...upkeep.removing import Whereabouts

DROP_IN_HELP = "Remove the drop-in, too; otherwise the next run publishes it again."
RESULTS_HELP = "Remove what was made from it, too: results, proofs and packages, here and there."


@click.command(epilog=EPILOG)
@click.argument("wanted", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_all)
@click.option("--drop-in", "with_drop_in", is_flag=True, help=DROP_IN_HELP)
@click.option("--results", "with_results", is_flag=True, help=RESULTS_HELP)
@yes_option
@json_option
@common_options
def remove(wanted: Sequence[str], with_drop_in: bool, with_results: bool, is_sure: bool) -> None:
    """Remove images or style models, by name: from the remote, and from the cache.

    First it shows where each one is, and asks. Drop-ins and results stay unless an option says
    otherwise.
    """
    with session(paints=False, needed=["remote"]) as settings:
        from ...upkeep.removing import find

        if with_drop_in:
            _check_own_drop_ins(settings)
        found = [find(settings, name) for name in wanted]
        removed = [path for each in found for path in _choose(each, with_drop_in, with_results)]
        kept = [path for each in found for path in _list_all(each) if path not in removed]
        if not is_sure:
            show("would remove", removed)
        if not (is_sure and is_quiet()):
            show("keeps", kept)
        if not removed or not confirm("Remove these files?", is_sure):
            say("nothing was removed", sys.stderr)
            sys.exit(ExitCode.FAILED)
        remove_all(removed)
        if not with_drop_in:
            _warn_of_drop_ins(found)
        answer_found({"removed": removed, "kept": kept}, f"removed   {len(removed):>6}")


def _check_own_drop_ins(settings: Settings) -> None:
    from ...storage.dropping import check_writable

    check_writable(settings)


def _choose(found: Whereabouts, with_drop_in: bool, with_results: bool) -> list[str]:
    drop_ins = found.drop_ins if with_drop_in else []
    return [*found.remote, *found.cached, *drop_ins, *(found.results if with_results else [])]


def _list_all(found: Whereabouts) -> list[str]:
    return _choose(found, with_drop_in=True, with_results=True)


def _warn_of_drop_ins(found: Sequence[Whereabouts]) -> None:
    for path in (path for each in found for path in each.drop_ins):
        note(f"note: {path} stays, and the next run publishes it again; --drop-in removes it, too")
