"""What every command stands on: its context, tasks run with progress, errors in one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from csci_utils.console import ExitCode, say
from neural_style.errors import install_remedy

from .luigi_configuration import luigi_without_files
from .options import SETTINGS, common_option

if TYPE_CHECKING:
    import luigi

    from csci_utils.errors import DescribedError

    from ..execution import Outcome
    from ..settings import Settings

NEEDED_PACKAGES = ("PIL", "boto3", "dotenv", "luigi", "numpy", "requests", "tqdm")
"""What every command imports, besides click. Engines are only needed where they paint."""

EPILOG = (
    "Exit codes: 0 all is done, 1 something failed, 2 the command line or a setting is wrong, "
    "130 interrupted."
)


@contextmanager
def session() -> Iterator[Settings]:
    """Activate the command line's settings; an error ends the process with one line."""
    with errors_in_one_line("what is done stays; run again to go on"):
        missing = [package for package in NEEDED_PACKAGES if find_spec(package) is None]
        if missing:
            remedy = install_remedy("luigi", "pipeline", "style")
            raise click.ClickException(f"not installed: {', '.join(missing)}; {remedy}")
        chosen = _read_settings()
        from .. import context
        from ..storage import cleaning, remote

        with context.activated(chosen):
            # A remote that does not answer is reported once, and not for each task.
            remote.check(chosen.remote)
            cleaning.sweep(chosen)
            with remote.remembering(chosen.remote):
                yield chosen


def _read_settings() -> Settings:
    """Return the command line's settings, and say so if they have the default remote."""
    from .. import settings

    chosen = settings.read_settings(
        notify=lambda text: _say(f"note: {text}"),
        **{name: common_option(name) for name in SETTINGS},
    )
    if chosen.is_embedded:
        _say(
            f"remote: {settings.shorten(chosen.remote)} (embedded default; "
            f"--remote or {settings.REMOTE_VARIABLE} sets another)"
        )
    return chosen


def _say(line: str) -> None:
    say(line, sys.stderr)


@contextmanager
def errors_in_one_line(interrupted: str) -> Iterator[None]:
    """Turn an error into a line on standard error and an exit code.

    Inside, Luigi reads no configuration file: see `luigi_configuration`.

    Args:
        interrupted: What to say after Ctrl-C.
    """
    try:
        with luigi_without_files(debug=bool(common_option("debug"))):
            yield
    except click.ClickException:
        raise
    except KeyboardInterrupt:
        say(f"interrupted: {interrupted}", sys.stderr)
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:
        if common_option("debug"):
            raise
        from ..errors import SettingsError
        from ..execution.messages import describe_error

        say(f"error: {describe_error(error)}", sys.stderr)
        is_usage = isinstance(error, SettingsError)
        sys.exit(ExitCode.USAGE if is_usage else ExitCode.FAILED)


def run(tasks: Sequence[luigi.Task]) -> Outcome:
    """Run tasks, and show progress. Those that would overwrite another's file fail at once."""
    from ..context import current
    from ..execution import Failure, run_tasks
    from ..execution.clashes import find_clashes
    from .progress import Progress

    clashes = find_clashes(tasks, current().settings)
    distinct = [task for task in tasks if task not in clashes]
    with closing(Progress(distinct)) as progress:
        debug = bool(common_option("debug"))
        outcome = run_tasks(distinct, progress.update, progress.notify, progress.show, debug)
    outcome.asked = tasks
    outcome.failures += [Failure(task, error) for task, error in clashes.items()]
    return outcome


def finish(outcome: Outcome, settings: Settings, refused: Mapping[str, DescribedError]) -> None:
    """Print failures and the summary, and end the process."""
    sys.exit(report(outcome, settings, refused))


def report(outcome: Outcome, settings: Settings, refused: Mapping[str, DescribedError]) -> ExitCode:
    """Print failures and the summary, and return the exit code."""
    from ..report import format_failures, format_summary

    for line in format_failures(outcome, refused):
        say(line, sys.stderr)
    say(format_summary(outcome, settings, refused), sys.stdout)
    failed = outcome.failures or outcome.unfinished or refused
    return ExitCode.FAILED if failed else ExitCode.DONE
