"""The command ``replace``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from csci_utils.console import ExitCode, say

from ...terminal.completion import complete_all, complete_files
from ..answering import finish, note
from ..options import common_options, json_option, runner_options
from ..session import EPILOG, run, session
from .confirming import confirm, show, yes_option

if TYPE_CHECKING:
    from ...settings import Settings
    from ...tasks.upload import UploadTask


@click.command(epilog=EPILOG)
@click.argument("name", shell_complete=complete_all)
@click.argument("path", metavar="[FILE]", required=False, shell_complete=complete_files)
@yes_option
@runner_options
@json_option
@common_options
def replace(name: str, path: str | None, is_sure: bool) -> None:
    """Publish a drop-in, or FILE, in place of the image or style model NAME in the remote.

    It is checked first like any drop-in, and the earlier version stays until the new one has
    arrived undamaged. The next run paints its results again. The drop-in stays as it is.
    """
    with session(needed=["remote"]) as settings:
        from ...upkeep.replacing import prepare

        task = prepare(settings, name, path)
        if task.complete():
            note(f"{task.output().path} has these bytes already")
        else:
            if not is_sure:
                show("would replace", [task.output().path])
                show("by", [task.input().path])
            if not confirm("Replace it?", is_sure):
                say("nothing was replaced", sys.stderr)
                sys.exit(ExitCode.FAILED)
        outcome = run([task])
        _warn_of_drop_in(settings, task, path)
        finish(outcome, settings, {})


def _warn_of_drop_in(settings: Settings, task: UploadTask, path: str | None) -> None:
    """Mention a drop-in that the next run finds to differ from FILE."""
    from ...upkeep.replacing import find_differing_drop_in

    drop_in = find_differing_drop_in(settings, task) if path else None
    if drop_in:
        note(f"note: {drop_in} differs, and is a conflict for the next run; replace or remove it")
