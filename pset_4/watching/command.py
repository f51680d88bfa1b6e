"""The command ``watch``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from csci_utils.console import say
from csci_utils.text import parse_duration
from neural_style.errors import install_remedy

from ..commands.declaring import common_option, reader
from ..commands.options import OFFLINE, common_options
from ..commands.paint import follow, request_options, split_request
from ..commands.session import EPILOG, say_left_alone, session

if TYPE_CHECKING:
    from ..commands.paint import Request
    from ..settings import Settings

EVERY_HELP = (
    "Also look at the remote as often as that (30s, 5m, 1h), and paint what is new or replaced "
    "there: of what is named, or of everything with --all."
)
POLL_HELP = (
    "Look at all drop-ins again and again: for folders in which events of files do not arrive, as "
    "from other machines. Network shares are recognized on Linux."
)
LOCK_NAME = ".watch.lock"


@click.command(epilog=EPILOG)
@request_options
@common_options
@click.option("--every", type=reader(parse_duration), metavar="TIME", help=EVERY_HELP)
@click.option("--poll", "polls", is_flag=True, help=POLL_HELP)
def watch(every: float | None, polls: bool, **options: Any) -> None:
    """Publish and paint drop-ins as soon as they are complete, and keep the gallery current.

    It runs until Ctrl-C. What is dropped in already is painted first, as main does. A deletion
    deletes nothing.
    """
    request, options = split_request(options)
    _check(request, every)
    with session(remembers=False, waits=True) as settings:
        from ..places import shorten
        from ..styles.proofs import Proof, limit_size
        from ..tasks.main import MainTask
        from .events import Events
        from .watcher import Watcher

        if request.like:
            request, options = follow(settings, request, request.like, options)
        kind = Proof if request.is_proof else MainTask
        options = limit_size(options) if request.is_proof else options
        with _claim(settings):
            _create_folders(settings)
            with closing(Events(settings.uploads, polls, _note)) as events:
                say(f"watching {shorten(settings.uploads)}; Ctrl-C ends it", sys.stderr)
                _say_others(settings)
                Watcher(settings, request, kind, options, every).follow(events)


def _check(request: Request, every: float | None) -> None:
    if find_spec("watchfiles") is None:
        remedy = install_remedy("luigi", "pipeline", "style")
        raise click.ClickException(f"not installed: watchfiles; {remedy}")
    if every is not None and common_option(OFFLINE):
        raise click.UsageError(f"--every asks the remote, and --{OFFLINE} does not: leave one out")
    if every is None and not request.upload:
        raise click.UsageError(
            "with --no-upload nothing but the remote is looked at: add --every, such as --every 30s"
        )


def _create_folders(settings: Settings) -> None:
    """Create what will be looked at, so that a folder that goes away later is noticed."""
    from ..places import is_s3

    if not settings.in_place:
        os.makedirs(settings.uploads, exist_ok=True)
    if not is_s3(settings.remote):
        os.makedirs(settings.remote, exist_ok=True)


@contextmanager
def _claim(settings: Settings) -> Iterator[None]:
    """Hold the only claim to watch for a data folder.

    Raises:
        BusyError: Another process has it.
    """
    from csci_utils.errors import BusyError

    from ..places import shorten
    from ..storage.claims import hold

    os.makedirs(settings.data, exist_ok=True)
    try:
        with hold(f"{settings.data}/{LOCK_NAME}"):
            yield
    except BusyError as error:
        raise BusyError(
            "another process is watching for this data folder",
            path=shorten(settings.data),
            remedy="end that one, or name another data folder with --data",
        ) from error


def _say_others(settings: Settings) -> None:
    if settings.in_place:
        from ..storage.inventory import list_drop_ins

        say_left_alone(list_drop_ins(settings).others, settings)


def _note(text: str) -> None:
    say(f"note: {text}", sys.stderr)
