"""The command ``status``."""

from __future__ import annotations

import click

from csci_utils.console import answer

from .answering import format_json, wants_json
from .options import common_options, json_option
from .session import EPILOG, session


@click.command(epilog=EPILOG)
@json_option
@common_options
def status() -> None:
    """Show what is dropped in, in the remote, cached and stylized."""
    with session(paints=False, needed=["remote", "data"]) as settings:
        from ..report import format_status
        from ..status import read_status

        found = read_status(settings)
        answer(format_json(found) if wants_json() else format_status(found), is_drawn=True)
