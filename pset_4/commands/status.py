"""The command ``status``."""

from __future__ import annotations

import click

from csci_utils.console import answer

from .options import common_options
from .session import EPILOG, session


@click.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@common_options
def status(as_json: bool) -> None:
    """Show what is dropped in, in the remote, cached and stylized."""
    with session(paints=False, needed=["remote", "data"]) as settings:
        from ..report import format_json, format_status
        from ..status import read_status

        found = read_status(settings)
        answer(format_json(found) if as_json else format_status(found))
