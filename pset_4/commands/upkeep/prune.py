"""The command ``prune``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from csci_utils.console import ExitCode

from ...terminal.completion import complete_folders
from ..answering import answer_found, is_quiet, note
from ..declaring import keep
from ..help_texts import REMOTE
from ..options import common_options, json_option
from ..session import EPILOG, session
from .confirming import remove_all, show

if TYPE_CHECKING:
    from ...settings import Settings

YES_HELP = "Remove them; otherwise they are only shown."
REMOTE_HELP = f"{REMOTE} Without an ADDRESS: the same as --in-remote."
IN_REMOTE_HELP = "Also results and packages in the remote; never its images and models."
EVEN_ALL_HELP = "Also if nothing at all would stay, as with a wrong --remote."

IN_REMOTE = "\0"
"""The value of ``--remote`` without an address: no argument can have it."""


def _split_remote(
    context: click.Context, parameter: click.Parameter, values: Sequence[str]
) -> bool:
    """Keep the address, and return whether the option is given without one, too."""
    for address in values:
        keep(context, parameter, None if address == IN_REMOTE else address)
    return IN_REMOTE in values


@click.command(epilog=EPILOG)
@click.option("-y", "--yes", "is_sure", is_flag=True, help=YES_HELP)
@click.option("--in-remote", is_flag=True, help=IN_REMOTE_HELP)
@click.option("--even-all", is_flag=True, help=EVEN_ALL_HELP)
@json_option
@partial(
    common_options,
    remote=click.option(
        "--remote",
        metavar="[ADDRESS]",
        multiple=True,
        is_flag=False,
        flag_value=IN_REMOTE,
        callback=_split_remote,
        shell_complete=complete_folders,
        help=REMOTE_HELP,
    ),
)
def prune(is_sure: bool, in_remote: bool, even_all: bool, remote: bool) -> None:
    """Show, or remove, what is left of images and models that are gone from the remote.

    That is cached files, results, proofs, packages, contact sheets and records on this machine.
    What is dropped in, or waits to be published, stays with all that belongs to it.
    """
    with session(paints=False, needed=["remote", "data"]) as settings:
        from ...upkeep.pruning import check_plausible, find_leftovers

        found = find_leftovers(settings, in_remote or remote)
        if not even_all:
            check_plausible(settings, found)
        paths = [*found.paths, *found.records]
        if is_sure:
            remove_all(found.paths, found.records)
            _renew_gallery(settings)
        elif not is_quiet():
            show("would remove", paths)
        _answer(paths, found.kept, is_sure)
        sys.exit(ExitCode.DONE)


def _renew_gallery(settings: Settings) -> None:
    """Have the gallery forget what is gone, if there is a gallery."""
    from ...gallery.building import build

    if os.path.isdir(settings.gallery):
        build(settings)


def _answer(paths: list[str], kept: int, is_removed: bool) -> None:
    answer_found(
        {"is_removed": is_removed, "paths": paths, "kept": kept},
        f"{'removed' if is_removed else 'to remove':<10}{len(paths):>6}\nkept      {kept:>6}",
    )
    if paths and not is_removed:
        note("nothing was removed: add --yes to remove them")
