"""The command ``submit``."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, TextIO

import click

from csci_utils.console import say
from csci_utils.text import one_line
from neural_style.errors import install_remedy

from ..commands.declaring import common_option
from ..commands.options import common_options, image_name, style_name
from ..commands.session import EPILOG, errors_in_one_line
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from . import (
    ASSIGNMENT_VARIABLE,
    COURSE_VARIABLE,
    HOURS_VARIABLE,
    QUIZ_VARIABLE,
    TOKEN_VARIABLE,
    URL_VARIABLE,
)

if TYPE_CHECKING:
    from .work import Work

COURSE_HELP = f"The course, by its name or id. Else {COURSE_VARIABLE}."
ASSIGNMENT_HELP = f"The assignment, by its name or id. Else {ASSIGNMENT_VARIABLE}."
QUIZ_HELP = f"The quiz, by its name or id. Else {QUIZ_VARIABLE}."
NO_QUIZ_HELP = "Submit to the assignment only."
IMAGE_HELP = "The picture, by name."
MODEL_HELP = "The style it is painted in, by name."
HOURS_HELP = (
    f"Hours spent: a number, or a choice of the quiz such as 10-15 or 15+. Else {HOURS_VARIABLE}."
)
REPOSITORY_HELP = "The repository's address. Default: that of git's remote origin."
DRY_RUN_HELP = "Print what would be sent, and send nothing; Canvas is only looked at."


@click.command(epilog=EPILOG)
@click.option("--course", metavar="NAME", help=COURSE_HELP)
@click.option("--assignment", metavar="NAME", help=ASSIGNMENT_HELP)
@click.option("--quiz", metavar="NAME", help=QUIZ_HELP)
@click.option("--no-quiz", is_flag=True, help=NO_QUIZ_HELP)
@click.option(
    "--image",
    type=image_name,
    metavar="NAME",
    default=DEFAULT_IMAGE,
    show_default=True,
    help=IMAGE_HELP,
)
@click.option(
    "--model",
    type=style_name,
    metavar="NAME",
    default=DEFAULT_MODEL,
    show_default=True,
    help=MODEL_HELP,
)
@click.option("--hours", help=HOURS_HELP)
@click.option("--repository-url", metavar="URL", help=REPOSITORY_HELP)
@click.option("--dry-run", is_flag=True, help=DRY_RUN_HELP)
@common_options
def submit(
    course: str | None,
    assignment: str | None,
    quiz: str | None,
    no_quiz: bool,
    image: str,
    model: str,
    hours: str | None,
    repository_url: str | None,
    dry_run: bool,
) -> None:
    """Submit to Canvas: the commit's address, a stylized image, and the answers of a quiz.

    CANVAS_URL names the server, and CANVAS_TOKEN is an access token for it; both are read from the
    environment or .env only. What you submit has to be committed, and painted on this machine.
    """
    if find_spec("canvasapi") is None:
        raise click.ClickException(f"not installed: canvasapi; {install_remedy('canvas')}")
    with errors_in_one_line("what was sent is kept; run again to continue"):
        from .. import context, places, settings
        from .work import find_work

        chosen = settings.read_settings(
            common_option("remote"), common_option("data"), paints=False
        )
        wanted = {
            URL_VARIABLE: _read(URL_VARIABLE),
            TOKEN_VARIABLE: _read(TOKEN_VARIABLE),
            COURSE_VARIABLE: _read(COURSE_VARIABLE, course),
            ASSIGNMENT_VARIABLE: _read(ASSIGNMENT_VARIABLE, assignment),
        }
        if not no_quiz:
            wanted[QUIZ_VARIABLE] = _read(QUIZ_VARIABLE, quiz)
        results = places.shorten(chosen.results)
        with context.activated(chosen):
            work = find_work(results, image, model, _read(HOURS_VARIABLE, hours), repository_url)
        _warn_if_unpushed(work)
        if dry_run and not (wanted[URL_VARIABLE] and wanted[TOKEN_VARIABLE]):
            _show_without_canvas(work, wanted)
        else:
            _submit(work, wanted, dry_run)


def _read(variable: str, option: str | None = None) -> str:
    """Return an option's value, else that of an environment variable, else an empty text."""
    return (option or os.environ.get(variable, "")).strip()


def _warn_if_unpushed(work: Work) -> None:
    from .repository import is_pushed

    if not is_pushed(work.commit):
        _say(
            "warning: no remote has this commit, as far as is known here; push it, or nobody can "
            "open its address",
            sys.stderr,
        )


def _show_without_canvas(work: Work, wanted: dict[str, str]) -> None:
    from .sending import plan

    _say(f"not looked up in Canvas: that needs {URL_VARIABLE} and {TOKEN_VARIABLE}", sys.stderr)
    names = {name: value or "(not named)" for name, value in wanted.items()}
    for verb, what in plan(work, names[ASSIGNMENT_VARIABLE], names.get(QUIZ_VARIABLE)):
        _say(f"would {verb} {what}")


def _submit(work: Work, wanted: dict[str, str], dry_run: bool) -> None:
    """Look up where the work goes, and send it there, or print what would be sent."""
    from ..errors import SettingsError

    missing = [name for name, value in wanted.items() if not value]
    if missing:
        raise SettingsError(f"not set: {', '.join(missing)}", remedy="set them, or use --dry-run")
    from .canvas import CanvasConnection
    from .destination import look_up
    from .sending import PAST, plan, send

    connection = CanvasConnection(wanted[URL_VARIABLE], wanted[TOKEN_VARIABLE])
    names = wanted[COURSE_VARIABLE], wanted[ASSIGNMENT_VARIABLE], wanted.get(QUIZ_VARIABLE)
    to = look_up(connection, *names, work)
    if dry_run:
        _say(f"looked up as {connection.user.name} at {connection.url}", sys.stderr)
        for verb, what in plan(work, to.assignment_name, to.quiz_name, to):
            _say(f"would {verb} {what}")
    else:
        send(connection, to, work, lambda step: _say(f"{PAST[step[0]]} {step[1]}"))


def _say(line: str, stream: TextIO | None = None) -> None:
    """Print a line, of which a server may have written a part, by default to standard output."""
    say(one_line(line), stream or sys.stdout)
