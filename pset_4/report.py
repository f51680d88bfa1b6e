"""What is displayed at the end: failures, the summary and tables; or JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from csci_utils.errors import DescribedError
from csci_utils.text import format_size, one_line

from .context import command
from .execution.outcome import Outcome
from .execution.summary import BLOCKED, FAILED, SKIPPED, WAITING, summarize
from .places import UPLOADS, shorten
from .settings import Settings
from .styles.proofs import Proof
from .styles.results import join_result
from .tasks.events import CACHED, FETCHED, PAINTED, PUBLISHED, REPLACED
from .terminal.tables import format_table

if TYPE_CHECKING:
    from .models.listing import ListedModel, ModelListing
    from .models.official import FetchResult, OfficialModel
    from .status import FileStatus, ResultStatus, Status
    from .verification import Verification

NOT_THERE = "-"

NOTHING_TO_DO = "nothing to do"
"""The summary of a run in which nothing was asked for."""

SHOWN_DIGITS = 12
"""The part of a SHA-256 that is displayed; JSON documents have all of it."""


def format_failures(outcome: Outcome, refused: Mapping[str, DescribedError]) -> Iterator[str]:
    """Yield one line for each failure; none for what only depended on it."""
    errors = [*refused.values(), *(failure.error for failure in outcome.failures)]
    return (f"failed: {message}" for message in dict.fromkeys(map(str, errors)))


def format_summary(
    outcome: Outcome, settings: Settings, refused: Mapping[str, DescribedError]
) -> str:
    """Return how much was made, skipped and failed, and where it is; only what there is."""
    remote = shorten(settings.unasked_remote or settings.remote)
    where = {
        PAINTED: shorten(_painted_folder(outcome, settings)),
        PUBLISHED: remote,
        REPLACED: remote,
        FETCHED: shorten(settings.data),
        CACHED: shorten(settings.data),
        SKIPPED: "already there",
        FAILED: "see the reasons above",
        BLOCKED: "by something that failed",
        WAITING: "to be published: run again without --offline",
    }
    counts = summarize(outcome, settings, refused).counts
    rows = [f"{label:<10}{count:>6}  {where[label]}" for label, count in counts.items() if count]
    return "\n".join(rows) or NOTHING_TO_DO


def _painted_folder(outcome: Outcome, settings: Settings) -> str:
    is_proof = any(isinstance(task, Proof) for task in outcome.asked)
    return settings.proofs if is_proof else settings.results


def format_status(status: Status) -> str:
    """Return three tables: images, models, results."""
    things = ("drop-in", "remote", "cache")
    blocks = [
        _format_roots(status),
        format_table("IMAGES", things, map(_row_of_file, status.images)),
        format_table("MODELS", things, map(_row_of_file, status.models)),
        format_table("RESULTS", ("local", "remote"), map(_row_of_result, status.results)),
    ]
    if status.refused:
        blocks.append("\n".join(f"refused: {reason}" for reason in status.refused.values()))
    if not (status.images or status.models or status.results or status.refused):
        uploads = f"{shorten(status.data)}/{UPLOADS}"
        blocks.append(
            f"next: put images and style models into {uploads} and run {command('main')}, or see "
            f"it at work first: {command('demo')}"
        )
    return "\n\n".join(blocks)


def format_verification(found: Verification) -> str:
    """Return a line for each damaged or repaired file, and how many there are."""
    lines = [
        one_line(f"{state}: {shorten(damage.path)}: {damage.problem}")
        for state, damages in (("repaired", found.repaired), ("damaged", found.damaged))
        for damage in damages
    ]
    if found.damaged:
        lines.append(f"repair them: {command('verify --repair')}")
    repaired = {"repaired": len(found.repaired)} if found.repaired else {}
    counts = {"checked": found.checked, **repaired, "damaged": len(found.damaged)}
    return "\n".join([*lines, *(f"{label:<10}{count:>6}" for label, count in counts.items())])


def format_listing(listing: ModelListing) -> str:
    """Return a table of models, and below it why some do not load."""
    columns = ("place", "size", "width", "SHA-256", "loads")
    blocks = [
        _format_roots(listing),
        format_table("MODELS", columns, map(_row_of_listed, listing.models)),
    ]
    reasons = [
        f"{model.name} ({model.place}): {model.reason}" for model in listing.models if model.reason
    ]
    reasons += [f"refused: {reason}" for reason in listing.refused.values()]
    return "\n\n".join([*blocks, "\n".join(reasons)] if reasons else blocks)


def format_fetched(fetched: FetchResult) -> str:
    """Return a table of the official models that are dropped in."""
    columns = ("dropped in", "size", "width", "SHA-256")
    return format_table("MODELS", columns, map(_row_of_fetched, fetched.models))


def format_not_fetched(fetched: FetchResult) -> list[str]:
    """Return a line for what was left in the archive, and one for each model that failed."""
    others = [f"not unpacked: {', '.join(fetched.others)}"] if fetched.others else []
    return [one_line(line) for line in (*others, *(f"failed: {why}" for why in fetched.failures))]


def _format_roots(found: Status | ModelListing) -> str:
    return f"remote  {shorten(found.remote)}\ndata    {shorten(found.data)}"


def _row_of_file(file: FileStatus) -> Sequence[str]:
    return (file.name, *(cell or NOT_THERE for cell in (file.drop_in, file.remote, file.cache)))


def _row_of_result(result: ResultStatus) -> Sequence[str]:
    name = join_result(result.model, result.image)
    return (name, result.local or NOT_THERE, result.remote or NOT_THERE)


def _row_of_fetched(model: OfficialModel) -> Sequence[str]:
    state = "now" if model.is_new else "already"
    width = _format_width(model.description.base_width, model.description.count)
    return (model.name, state, format_size(model.size), width, _format_digest(model.sha256))


def _row_of_listed(model: ListedModel) -> Sequence[str]:
    return (
        model.name,
        model.place,
        NOT_THERE if model.size is None else format_size(model.size),
        _format_width(model.base_width, model.styles) if model.loads else NOT_THERE,
        _format_digest(model.sha256) if model.sha256 else NOT_THERE,
        {True: "yes", False: "no", None: "unknown"}[model.loads],
    )


def _format_width(base_width: int | None, styles: int | None) -> str:
    """Return the number of styles if a file has several, or else the width of a known network."""
    if styles is not None:
        return f"{styles} styles"
    return str(base_width) if base_width is not None else "1 style"


def _format_digest(digest: str) -> str:
    return digest[:SHOWN_DIGITS] + "…"
