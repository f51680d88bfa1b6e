"""The command ``explain``."""

from __future__ import annotations

import sys

import click

from csci_utils.console import ExitCode, answer

from ..commands.answering import format_json, wants_json
from ..commands.options import common_options, json_option
from ..commands.session import session
from ..terminal.completion import complete_results

_EPILOG = (
    "Exit codes: 0 it matches the remote, 1 its image or model was replaced or is gone, or "
    "something failed, 2 the command line or a setting is wrong, 130 interrupted."
)


@click.command(epilog=_EPILOG)
@click.argument("painting", metavar="FILE", shell_complete=complete_results)
@json_option
@common_options
def explain(painting: str) -> None:
    """Show where a painting comes from, and whether it still matches the remote.

    FILE is a painting anywhere, or a result's name, such as candy.pth/coffee.png.
    """
    with session(paints=False, needed=["remote"]) as settings:
        from .explanation import explain as compare
        from .paintings import find_painting

        found = compare(find_painting(settings, painting))
        answer(format_json(found) if wants_json() else "\n".join(found.list_lines()))
        sys.exit(ExitCode.DONE if found.matches else ExitCode.FAILED)
