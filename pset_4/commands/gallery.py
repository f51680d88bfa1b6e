"""The commands ``gallery`` and ``sheet``, and the gallery at the end of other commands."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from csci_utils.console import ExitCode, answer, say

from .answering import answer_found, format_json, is_quiet, note, wants_json
from .declaring import common_option
from .options import common_options, image_option, json_option
from .session import EPILOG, session

if TYPE_CHECKING:
    from csci_utils.errors import DescribedError

    from ..execution import Outcome
    from ..gallery.building import Gallery
    from ..settings import Settings

OPEN_HELP = "Open the gallery in a browser."
PUBLISH_HELP = "Copy the gallery to the remote, too, with the results that are published."


@click.command(epilog=EPILOG)
@click.option("--open", "is_opened", is_flag=True, help=OPEN_HELP)
@click.option("--publish", "is_published", is_flag=True, help=PUBLISH_HELP)
@json_option
@common_options
def gallery(is_opened: bool, is_published: bool) -> None:
    """Write a page of every picture beside its results, and print where it is.

    The page needs neither a server nor a network. main, stylize, demo and watch
    keep it current.
    """
    with session(paints=False, reaches_remote=is_published) as settings:
        from ..gallery.building import build
        from ..places import shorten

        built = build(settings)
        pages = [shorten(page) for page in built.pages]
        if is_published:
            from ..gallery.publishing import publish

            pages.append(shorten(publish(settings, built)))
        answer_found({"pages": pages}, "\n".join(pages))
        if is_opened and not _open(built.pages[0]):
            note("note: no browser was found; open the page yourself")


@click.command(epilog=EPILOG)
@image_option
@json_option
@common_options
def sheet(images: Sequence[str]) -> None:
    """Show each picture in all its styles on one contact sheet, and print where the sheets are.

    A sheet is an image like the picture itself, in data/contact_sheets/.
    """
    with session(paints=False, reaches_remote=False) as settings:
        from ..gallery.sheets import make_sheets
        from ..places import shorten

        sheets, code = [], ExitCode.DONE
        for made in make_sheets(settings, images):
            if not isinstance(made, str):
                say(f"failed: {made}", sys.stderr)
                code = ExitCode.FAILED
                continue
            sheets.append(shorten(made))
            if not (wants_json() or is_quiet()):
                answer(shorten(made))
        if wants_json():
            answer(format_json({"sheets": sheets}))
        sys.exit(code)


def keep_current(
    settings: Settings,
    outcome: Outcome,
    refused: Mapping[str, DescribedError],
    is_proof: bool = False,
    may_open: bool = False,
) -> str | None:
    """Bring the gallery up to date after a run, print where it is on standard error, and return it.

    If that fails, a note says so, and None is returned: the run itself is done.

    Args:
        settings: The current ones.
        outcome: What came of the run.
        refused: The drop-ins that were refused, each with the reason.
        is_proof: Whether the page of the proofs is named.
        may_open: Whether the page is opened where somebody sits in front of the screen.
    """
    from ..places import shorten
    from ..report import format_failures

    failures = [line.removeprefix("failed: ") for line in format_failures(outcome, refused)]
    pages = _find_pages(settings, failures) if not outcome.done else []
    if not pages:
        _make_room()
        built = rebuild(settings, failures)
        if built is None:
            return None
        pages = built.pages
    page = pages[-1 if is_proof else 0]
    note(f"gallery: {shorten(page)}")
    if may_open and _has_screen():
        _open(page)
    return shorten(page)


def _make_room() -> None:
    """Release what the run has kept: a gallery of many pictures takes memory, too."""
    from ..runners import current_runner
    from ..storage.remote import forget_states

    current_runner().release()
    forget_states()


def _find_pages(settings: Settings, failures: Sequence[str]) -> list[str]:
    """Return the pages if they are current; else none."""
    from ..gallery.building import find_current_pages

    return find_current_pages(settings, failures)


def rebuild(settings: Settings, failures: Sequence[str]) -> Gallery | None:
    """Bring the gallery up to date; if that fails, print a note and return None.

    Args:
        settings: The current ones.
        failures: What the page shows as failed.
    """
    try:
        from ..gallery.building import build

        return build(settings, failures)
    except Exception as error:
        if common_option("debug"):
            raise
        from ..execution.messages import describe_error

        note(f"note: the gallery was not written: {describe_error(error)}")
        return None


def _has_screen() -> bool:
    """Return whether somebody at a desktop runs this."""
    if os.environ.get("CI") or sys.stdout is None or not sys.stdout.isatty():
        return False
    if sys.platform in ("win32", "darwin"):
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(page: str) -> bool:
    return webbrowser.open(Path(page).as_uri())
