"""What every command stands on: its context, tasks run with progress, errors in one line."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from csci_utils.console import ExitCode, say
from csci_utils.text import one_line
from neural_style.errors import install_remedy

from ..execution.luigi_configuration import luigi_without_files
from .answering import answer_error, is_quiet, note
from .declaring import common_option
from .options import OFFLINE, RUN_SETTINGS, SCHEDULER, SETTINGS

if TYPE_CHECKING:
    import luigi

    from ..execution import Outcome
    from ..settings import Settings

NEEDED_PACKAGES = ("PIL", "boto3", "dotenv", "luigi", "numpy", "requests", "rich")
"""What every command imports, besides click. Engines are needed only for painting."""

EPILOG = (
    "Exit codes: 0 all is done, 1 something failed, 2 the command line or a setting is wrong, "
    "130 interrupted."
)


@contextmanager
def session(
    paints: bool = True,
    reaches_remote: bool = True,
    needed: Sequence[str] = (),
    remembers: bool = True,
    waits: bool = False,
) -> Iterator[Settings]:
    """Activate the command line's settings; an error ends the process with one line.

    Args:
        paints: Whether the command paints or loads models. Otherwise settings of that are not read.
        reaches_remote: Whether the command needs the remote.
        needed: Folders that have to exist, because the command only reads: of
            ``remote`` and ``data``.
        remembers: Whether the remote is asked for the state of each object only once. A command
            that goes on for long has to do that itself, for a while.
        waits: Whether the command itself checks that the remote answers, and waits until it does.
    """
    with errors_in_one_line("finished work is kept; run again to continue"):
        missing = [package for package in NEEDED_PACKAGES if find_spec(package) is None]
        if missing:
            remedy = install_remedy("luigi", "pipeline", "style")
            raise click.ClickException(f"not installed: {', '.join(missing)}; {remedy}")
        from .. import context
        from ..database.digests import kept_digests
        from ..storage import cleaning, remote

        with _suggesting_offline():
            chosen = _read_settings(paints, reaches_remote)
            if reaches_remote and not chosen.is_offline:
                _check_existing(chosen, needed)
            if reaches_remote:
                _check_remote(chosen, not waits)
        with context.activated(chosen), kept_digests(), _naming_tasks(chosen):
            if not chosen.dry_run:
                cleaning.sweep(chosen)
                if reaches_remote:
                    remote.sweep_temporaries(chosen.remote)
            asks = reaches_remote and remembers
            with remote.remembering(chosen.remote) if asks else nullcontext():
                yield chosen


def _naming_tasks(chosen: Settings) -> AbstractContextManager[None]:
    """Name tasks for luigid, if it is asked for."""
    if common_option(SCHEDULER) is None:
        return nullcontext()
    from ..execution.task_names import naming_tasks

    return naming_tasks(chosen)


def _check_remote(chosen: Settings, asks: bool) -> None:
    """Warn of a connection without TLS, and check that the remote answers, once for all tasks."""
    from .. import context
    from ..storage import remote

    with context.activated(chosen):
        exposure = remote.describe_exposure(chosen.remote)
        if exposure is not None:
            note(f"note: {exposure}")
        if asks:
            remote.check(chosen.remote)


def _check_existing(chosen: Settings, needed: Sequence[str]) -> None:
    """Check that folders exist, because a missing one would look like an empty one.

    Raises:
        SettingsError: One does not.
    """
    from ..errors import SettingsError
    from ..places import DATA_VARIABLE, REMOTE_VARIABLE, is_s3, shorten

    remote, data = shorten(chosen.remote), shorten(chosen.data)
    is_given = not (chosen.is_embedded or is_s3(chosen.remote))
    is_new = is_given and not os.path.isdir(chosen.remote)
    if is_new and "remote" not in needed:
        note(f"note: {remote}: a new directory, which becomes the remote")
    elif is_new:
        remedy = f"check --remote ({REMOTE_VARIABLE})"
        raise SettingsError("there is no such directory", path=remote, remedy=remedy)
    if os.path.exists(chosen.data) and not os.path.isdir(chosen.data):
        raise SettingsError(
            "a file, not a folder", path=data, remedy=f"check --data ({DATA_VARIABLE})"
        )
    if "data" in needed and not os.path.isdir(chosen.data):
        remedy = f"check --data ({DATA_VARIABLE}); the command main creates it"
        raise SettingsError("there is no such folder", path=data, remedy=remedy)


def _read_settings(paints: bool, reaches_remote: bool) -> Settings:
    """Return the command line's settings, and mention a default remote, or working offline.

    While the default remote does not exist yet, the note says how to set another.
    """
    from .. import places, settings

    chosen = settings.read_settings(
        notify=lambda text: note(f"note: {text}"),
        paints=paints,
        reaches_remote=reaches_remote,
        **{name: common_option(name) for name in SETTINGS},
    )
    given = {name: common_option(name) for name in RUN_SETTINGS}
    chosen = replace(chosen, **{name: value for name, value in given.items() if value})
    if chosen.is_offline:
        note(
            f"offline: {places.shorten(chosen.unasked_remote)} is not asked; what is cached may "
            "have been replaced there"
        )
    elif chosen.is_embedded and reaches_remote:
        is_new = not os.path.isdir(chosen.remote)
        how = f" (embedded default; --remote or {places.REMOTE_VARIABLE} sets another)"
        note(f"remote: {places.shorten(chosen.remote)}{how if is_new else ''}")
    return chosen


@contextmanager
def _suggesting_offline() -> Iterator[None]:
    """Suggest ``--offline`` if the remote is out of reach, and that option would help."""
    from csci_utils.errors import S3Error

    from ..errors import MissingRemoteError

    try:
        yield
    except (S3Error, MissingRemoteError) as error:
        if _can_work_offline():
            error.remedy += f", or add --{OFFLINE} to work from the cache and the drop-ins"
        raise


def _can_work_offline() -> bool:
    """Return whether the command has the option, and files to work with."""
    from .. import context, settings
    from ..errors import SettingsError
    from ..storage.inventory import list_cache, list_drop_ins

    command = click.get_current_context().command
    if not any(parameter.name == OFFLINE for parameter in command.params):
        return False
    with suppress(SettingsError, OSError):
        given = {name: common_option(name) for name in SETTINGS}
        offline = settings.read_settings(**{**given, OFFLINE: True})
        with context.activated(offline):
            return bool(list_drop_ins(offline) or list_cache(offline))
    return False


def say_left_alone(others: Sequence[str], settings: Settings) -> None:
    """Mention files of other kinds in a folder that is used in place."""
    if others:
        count = "1 other file," if len(others) == 1 else f"{len(others)} other files, such as"
        note(f"note: ignored in {settings.uploads}: {count} {one_line(others[0])}")


def say_without_quality(images: Sequence[str], options: Mapping[str, Any]) -> None:
    """Say for how many images a quality has no effect, because the results lose nothing."""
    from ..styles.formats import fit_options

    quality = options["quality"]
    without = [image for image in images if fit_options(image, options)["quality"] != quality]
    if without:
        count = "1 image" if len(without) == 1 else f"{len(without)} images, such as"
        note(f"note: no --quality for {count} {without[0]}: the format loses nothing")


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
        from ..errors import SettingsError
        from ..execution.messages import describe_error

        described = describe_error(error)
        answer_error(described)
        is_usage = isinstance(error, SettingsError)
        if common_option("debug"):
            if not is_usage:
                raise
            traceback.print_exc()
        say(f"error: {described}", sys.stderr)
        sys.exit(ExitCode.USAGE if is_usage else ExitCode.FAILED)


def run(tasks: Sequence[luigi.Task]) -> Outcome:
    """Run tasks, and show progress. Those that would overwrite another's file fail at once."""
    from ..context import current
    from ..execution import run_tasks
    from ..execution.clashes import split_clashes
    from ..execution.observer import Observer
    from ..terminal.progress import TaskProgress

    settings = current().settings
    distinct, failures = split_clashes(tasks, settings)
    debug = bool(common_option("debug"))
    if settings.dry_run:
        from ..planning import plan_tasks

        outcome = plan_tasks(distinct)
    else:
        observer = (
            Observer() if is_quiet() else TaskProgress(distinct, settings, has_bars=not debug)
        )
        with closing(observer):
            outcome = run_tasks(distinct, observer, common_option(SCHEDULER), debug)
    outcome.asked = tasks
    outcome.failures += failures
    return outcome
