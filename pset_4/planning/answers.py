"""What a dry run answers, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from csci_utils.errors import DescribedError
from csci_utils.text import format_size, one_line

from ..execution.outcome import Outcome
from ..execution.summary import BLOCKED, FAILED, SKIPPED, VERBS, Summary, summarize
from ..settings import Settings
from ..tasks.events import CACHED, FETCHED, PAINTED, PUBLISHED, REPLACED, Made
from .pixels import estimate_seconds, is_measured

INFINITIVES = {
    PAINTED: "paint",
    PUBLISHED: "publish",
    REPLACED: "replace",
    FETCHED: "fetch",
    CACHED: "cache",
}
"""What would be done, for what was done."""

NOT_CHECKED = "nothing was written; drop-ins are not checked yet: a run reads them first"


def format_plan(outcome: Outcome, settings: Settings, refused: Mapping[str, DescribedError]) -> str:
    """Return a line for each thing that would be done, and below how much that is."""
    found = summarize(outcome, settings, refused)
    lines = [
        f"would {INFINITIVES[verb]} {_format(made, settings)}"
        for verb in VERBS
        for made in found.made[verb]
    ]
    return "\n".join([*lines, *_format_totals(found, outcome, settings), NOT_CHECKED])


def describe_plan(
    outcome: Outcome, settings: Settings, refused: Mapping[str, DescribedError]
) -> dict[str, object]:
    """Return the same as plain JSON values, in the form of a run's."""
    found = summarize(outcome, settings, refused)
    return {
        "dry_run": True,
        **found.to_dict(),
        "bytes": {verb: _add_sizes(found.made[verb]) for verb in VERBS if verb != PAINTED},
        "estimated_seconds": round(_estimate(found, settings), 1),
        "is_pace_measured": is_measured(settings),
    }


def _format(made: Made, settings: Settings) -> str:
    path = made.path
    for root in (settings.remote, settings.data):
        path = path.removeprefix(f"{root}/")
    plan = made.plan
    size = f", {format_size(plan.size)}" if plan and plan.size is not None else ""
    return one_line(f"{path}: {plan.reason if plan else ''}{size}")


def _format_totals(found: Summary, outcome: Outcome, settings: Settings) -> Iterator[str]:
    for verb in VERBS:
        made = found.made[verb]
        if made and verb == PAINTED:
            yield _format_row("to paint", len(made), _format_estimate(found, settings))
        elif made:
            yield _format_row(f"to {INFINITIVES[verb]}", len(made), _format_sizes(made))
    for label, count, text in (
        (SKIPPED, len(found.skipped), "already there"),
        (FAILED, len(found.failed), "would fail; see the reasons above"),
        (BLOCKED, len(found.blocked), "by something that failed"),
    ):
        if count:
            yield _format_row(label, count, text)


def _format_row(label: str, count: int, text: str) -> str:
    return f"{label:<10}{count:>6}  {text}"


def _format_sizes(made: list[Made]) -> str:
    unknown = sum(each.plan is None or each.plan.size is None for each in made)
    known = format_size(_add_sizes(made))
    if unknown == len(made):
        return "size not known yet"
    return f"{known}, and {unknown} of unknown size" if unknown else known


def _format_estimate(found: Summary, settings: Settings) -> str:
    minutes = _estimate(found, settings) / 60
    shown = f"{minutes:.0f} minutes" if minutes >= 2 else f"{max(minutes, 0.1):.1f} minutes"
    how = "from earlier runs here" if is_measured(settings) else "for two typical cores"
    return f"about {shown}, estimated {how}"


def _estimate(found: Summary, settings: Settings) -> float:
    plans = [made.plan for made in found.made[PAINTED]]
    return estimate_seconds(settings, (plan.pixels for plan in plans if plan))


def _add_sizes(made: list[Made]) -> int:
    return sum(each.plan.size or 0 for each in made if each.plan)
