"""The command ``imitate``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from os.path import splitext
from typing import TYPE_CHECKING

import click

from csci_utils.console import ExitCode, answer, say

from ..commands.answering import format_json, is_quiet, note, wants_json
from ..commands.options import common_options, json_option
from ..commands.session import EPILOG, session
from ..terminal.completion import complete_files

if TYPE_CHECKING:
    from ..settings import Settings
    from .dropping import Imitations

NAME_HELP = "The name of the style, if it is not that of the picture."


@click.command(epilog=EPILOG)
@click.argument(
    "pictures", nargs=-1, required=True, metavar="PICTURE...", shell_complete=complete_files
)
@click.option("--name", metavar="NAME", help=NAME_HELP)
@json_option
@common_options
def imitate(pictures: Sequence[str], name: str | None) -> None:
    """Make a style from a picture, without training, and drop it in.

    It takes a second. The style is published, painted and packaged later, like any other that is
    dropped in.
    """
    if name is not None and len(pictures) > 1:
        raise click.UsageError("--name is for one picture, and several are given")
    with session(paints=False, reaches_remote=False) as settings:
        from .dropping import drop_imitations_in

        found = drop_imitations_in(settings, pictures, name)
        for error in found.failures:
            say(f"failed: {error}", sys.stderr)
        for model in found.models:
            if model.note:
                note(f"note: {model.style_image}: {model.note}")
        if wants_json():
            answer(format_json(found))
        elif not is_quiet():
            _answer(found, settings)
        sys.exit(ExitCode.FAILED if found.failures else ExitCode.DONE)


def _answer(found: Imitations, settings: Settings) -> None:
    from csci_utils.text import one_line

    from ..context import command
    from ..places import shorten
    from ..storage.inventory import list_drop_ins
    from .dropping import SUFFIX

    for model in found.models:
        state = "dropped in" if model.is_new else "already dropped in:"
        say(one_line(f"{state} {model.name}"), sys.stdout)
    if found.models:
        there = list_drop_ins(settings)
        before = "" if there.images else f"put images into {shorten(settings.uploads)} and run "
        style = found.models[0].name.removesuffix(SUFFIX)
        if sum(splitext(model)[0] == style for model in there.models) > 1:
            style += SUFFIX  # another model would have the same short name
        note(f"next: {before}{command('main --style', style)}")
