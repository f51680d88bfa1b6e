"""The command ``verify``."""

from __future__ import annotations

import sys

import click

from csci_utils.console import ExitCode, answer, say

from .answering import format_json, wants_json
from .options import (
    common_options,
    json_option,
    runner_options,
    scheduler_option,
    workers_option,
)
from .session import EPILOG, run, session


@click.command(epilog=EPILOG)
@click.option(
    "--repair",
    is_flag=True,
    help="Fetch damaged cached files again, paint damaged results again, and verify once more.",
)
@json_option
@runner_options
@scheduler_option
@workers_option
@common_options
def verify(repair: bool) -> None:
    """Read all cached files and results, and list those that are damaged.

    Images, models and results on this machine, and the results that it published, must have the
    bytes that were recorded. The exit code is 1 if any has not.
    """
    with session(needed=["remote", "data"]) as settings:
        from ..report import format_failures, format_verification
        from ..verification import prepare_repair
        from ..verification import verify as look

        found, failed = look(settings), False
        if repair and found.damaged:
            outcome = run(prepare_repair(settings, found))
            failed = bool(outcome.failures)
            for line in format_failures(outcome, {}):
                say(line, sys.stderr)
            found = look(settings).repaired_from(found)
        answer(format_json(found) if wants_json() else format_verification(found))
        sys.exit(ExitCode.FAILED if found.damaged or failed else ExitCode.DONE)
