"""The command ``prune``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from csci_utils.console import ExitCode, answer

from ..answering import is_quiet, note, wants_json
from ..options import common_options, json_option
from ..session import EPILOG, session
from .confirming import show

if TYPE_CHECKING:
    from ...settings import Settings

YES_HELP = "Remove them; otherwise they are only shown."
IN_REMOTE_HELP = "Also results and packages in the remote; never its images and models."
EVEN_ALL_HELP = "Also if nothing at all would stay, as with a wrong --remote."


@click.command(epilog=EPILOG)
@click.option("-y", "--yes", "is_sure", is_flag=True, help=YES_HELP)
@click.option("--in-remote", is_flag=True, help=IN_REMOTE_HELP)
@click.option("--even-all", is_flag=True, help=EVEN_ALL_HELP)
@json_option
@common_options
def prune(is_sure: bool, in_remote: bool, even_all: bool) -> None:
    """Show, or remove, what is left of images and models that are gone from the remote.

    That is cached files, results, proofs, packages, contact sheets and records on this machine.
    What is dropped in, or waits to be published, stays with all that belongs to it.
    """
    with session(paints=False, needed=["remote", "data"]) as settings:
        from ...upkeep.files import remove_file
        from ...upkeep.pruning import check_plausible, find_leftovers

        found = find_leftovers(settings, in_remote)
        if not even_all:
            check_plausible(settings, found)
        paths = [*found.paths, *found.records]
        if not wants_json() and not is_quiet():
            show("removed" if is_sure else "would remove", paths)
        if is_sure:
            for path in paths:
                remove_file(path)
            _renew_gallery(settings)
        _answer(paths, found.kept, is_sure)
        sys.exit(ExitCode.DONE)


def _renew_gallery(settings: Settings) -> None:
    """Have the gallery forget what is gone, if there is a gallery."""
    from ...gallery.building import build

    if os.path.isdir(settings.gallery):
        build(settings)


def _answer(paths: list[str], kept: int, is_removed: bool) -> None:
    from ...report import format_json

    if wants_json():
        answer(format_json({"is_removed": is_removed, "paths": paths, "kept": kept}))
    elif not is_quiet():
        answer(
            f"{'removed' if is_removed else 'to remove':<10}{len(paths):>6}\nkept      {kept:>6}"
        )
    if paths and not is_removed:
        note("nothing was removed: add --yes to remove them")
