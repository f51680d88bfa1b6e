"""How commands answer: failures, a summary, a plan or a JSON document, and the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from csci_utils.console import ExitCode, answer, say

from .declaring import common_option

if TYPE_CHECKING:
    from csci_utils.errors import DescribedError

    from ..execution import Outcome
    from ..settings import Settings


class HasDict(Protocol):
    """What a command found, which programs may read as JSON."""

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""


def finish(outcome: Outcome, settings: Settings, refused: Mapping[str, DescribedError]) -> None:
    """Print failures and the summary, and end the process."""
    sys.exit(report(outcome, settings, refused))


def report(
    outcome: Outcome,
    settings: Settings,
    refused: Mapping[str, DescribedError],
    conclude: Callable[[], Mapping[str, object]] = dict,
) -> ExitCode:
    """Print failures and the summary, and return the exit code.

    Args:
        outcome: What came of the run.
        settings: The current ones.
        refused: The drop-ins that were refused, each with the reason.
        conclude: Called at the end; returns further fields of the JSON document.
    """
    from ..execution.summary import summarize
    from ..report import format_failures, format_summary

    for line in format_failures(outcome, refused):
        say(line, sys.stderr)
    if settings.dry_run:
        _answer_plan(outcome, settings, refused)
    elif wants_json():
        found = summarize(outcome, settings, refused).to_dict()
        answer(format_json({**found, **conclude()}))
    else:
        if not is_quiet():
            say(format_summary(outcome, settings, refused), sys.stdout)
        conclude()
    failed = outcome.failures or outcome.unfinished or refused
    return ExitCode.FAILED if failed else ExitCode.DONE


def _answer_plan(
    outcome: Outcome, settings: Settings, refused: Mapping[str, DescribedError]
) -> None:
    """Print what would be done, in place of a summary."""
    from ..planning.answers import describe_plan, format_plan

    if wants_json():
        answer(format_json(describe_plan(outcome, settings, refused)))
    elif not is_quiet():
        answer(format_plan(outcome, settings, refused))


def answer_found(found: HasDict | Mapping[str, object], text: str) -> None:
    """Print what was found: as a JSON document if one is wanted, else as text unless quiet."""
    if wants_json():
        answer(format_json(found))
    elif not is_quiet():
        answer(text)


def answer_error(error: DescribedError) -> None:
    """Print the error that ended the command as the JSON document, if one is wanted."""
    if wants_json():
        say(format_json({"error": error.to_json()}), sys.stdout)


def format_json(found: HasDict | Mapping[str, object]) -> str:
    """Return everything as JSON, in which characters that are not printable are escaped."""
    values = found if isinstance(found, Mapping) else found.to_dict()
    text = json.dumps(values, indent=2, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def note(line: str) -> None:
    """Print a line that is not an error to standard error, unless ``--quiet`` is given."""
    if not is_quiet():
        say(line, sys.stderr)


def is_quiet() -> bool:
    """Return whether only errors are printed."""
    return bool(common_option("quiet"))


def wants_json() -> bool:
    """Return whether the command answers with a JSON document."""
    return bool(common_option("json"))
