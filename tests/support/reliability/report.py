"""docs/reliability.md: what the campaigns of ``make soak`` tried, and what came of it.

Usage: ``python -m tests.support.reliability.report LOG PAGE`` writes the page from the log that
pytest's option ``--soak-log`` wrote, prints its table, and exits with 1 if a test failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from bench import machine

from .tally import Tally

_ROOT = Path(__file__).resolve().parents[3]

_INTRODUCTION = """
# Reliability

`make soak` writes this page at its end. Its tests try at random what [the promises](promises.md)
are about, for longer than `make test` does.
"""

_LEGEND = """
*Refused* counts errors that say what is wrong and leave nothing behind: the right answer to a
damaged file, a conflict, or a fault that lasts. What *survived* ended as if nothing had happened:
an altered file was read, the next run finished what a killed one began. A *silent error* is a
broken promise: wrong bytes, a part of a file, a changed drop-in, success that is none, a crash. The
first one ends its test. Seconds are added up over the processes that ran at the same time. The
seed is the lowest one of several tests; they count up from that of the soak.

`make soak SEED=` with the seed above repeats the random choices. Where processes race, or are
killed after a time, only the choices are the same.

## The campaigns

* **Random steps**: drop-ins come, change and go; the remote's files are replaced and removed; the
  cache is wiped, damaged, and loses its records; commands run, run twice, run two at once on one
  machine or on two, or are killed. A model of a few lines predicts each exit code and each file,
  here and in the remote, and every result is compared with one painted from scratch.
* **Kills**: a process is killed (SIGKILL) while it fetches, publishes, replaces, paints or saves.
  Half of the kills come just before a chosen operation on the disk or the network, half after a
  random time. Then every file must be whole, and the next run must finish and leave no temporary.
* **Races**: two processes publish under one name in the same moment.
* **Network faults**: between the pipeline and S3, a proxy answers 503, 500 or 409, resets, cuts off
  or shortens answers, flips bits, names wrong checksums and loses replies, up to 12 times a
  command. After a failure, an undisturbed run must finish.
* **Altered files**: bytes of checkpoints, ONNX graphs and images are changed at random. Each must
  be read or refused in one line, within limits of time and memory.
* **The engine**: sizes and networks at random, painted by every kernel under AddressSanitizer and
  UndefinedBehaviorSanitizer, and all sizes up to 40x40 beside PyTorch.
"""

_COLUMNS = ("campaign", "seed", "tried", "survived", "refused", "silent errors", "seconds")


def add_up(tallies: Iterable[Tally]) -> list[Tally]:
    """Return one tally for each campaign, sorted by name, with the lowest of its seeds."""
    ordered = sorted(tallies, key=lambda tally: tally.campaign)
    return [
        _sum(name, list(group)) for name, group in groupby(ordered, lambda tally: tally.campaign)
    ]


def _sum(campaign: str, tallies: Sequence[Tally]) -> Tally:
    return Tally(
        campaign,
        min((tally.seed for tally in tallies if tally.seed is not None), default=None),
        sum(tally.tried for tally in tallies),
        sum(tally.refused for tally in tallies),
        sum(tally.silent for tally in tallies),
        sum(tally.seconds for tally in tallies),
    )


def format_table(rows: Sequence[Tally]) -> str:
    """Return a table in Markdown."""
    alignment = ("---", *["---:"] * (len(_COLUMNS) - 1))
    lines = [_COLUMNS, alignment, *map(_format_row, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _format_row(row: Tally) -> Sequence[str]:
    survived = max(row.tried - row.refused - row.silent, 0)
    seed = "none" if row.seed is None else str(row.seed)
    counts = (f"{count:,}" for count in (row.tried, survived, row.refused, row.silent))
    return (row.campaign, seed, *counts, f"{row.seconds:.0f}")


@dataclass(frozen=True)
class Part:
    """Tests of a soak that one pytest ran."""

    seed: int
    tests: int
    failed: int
    seconds: float
    tallies: list[Tally]

    def to_json(self) -> str:
        """Return a line for the log."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Part:
        """Return what a line of the log holds."""
        values = json.loads(line)
        tallies = [Tally(**tally) for tally in values.pop("tallies")]
        return cls(tallies=tallies, **values)


def render(parts: Sequence[Part]) -> str:
    """Return the document in Markdown."""
    facts = machine.describe()
    tests, failed, seconds = (
        sum(getattr(part, name) for part in parts) for name in ("tests", "failed", "seconds")
    )
    lines = [
        ("date", time.strftime("%Y-%m-%d")),
        ("commit", _name_commit()),
        ("seed", str(parts[0].seed)),
        ("processor", f"{facts['processor']}, {facts['cores']} cores"),
        ("system", facts["system"]),
        ("tests", f"{tests}, of which {failed} failed"),
        ("time", f"{seconds / 60:.1f} minutes; {_describe_load()}"),
    ]
    table = "\n".join(["| | |", "|---|---|", *(f"| {name} | {fact} |" for name, fact in lines)])
    rows = add_up(tally for part in parts for tally in part.tallies)
    sections = [_INTRODUCTION, table, format_table(rows), _LEGEND]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _describe_load() -> str:
    """Return what the last quarter of an hour was like; there is one process for each core."""
    load, cores = os.getloadavg()[2], os.cpu_count() or 1
    how = "shared with other programs" if load > 1.5 * cores else "free for this"
    return f"the processor was {how}, with a load of {load:.1f} on {cores} cores"


def _name_commit() -> str:
    command = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip() or "unknown"


def _main(log: str, page: str) -> int:
    parts = [Part.from_json(line) for line in Path(log).read_text(encoding="utf-8").splitlines()]
    Path(page).write_text(render(parts), encoding="utf-8")
    print(format_table(add_up(tally for part in parts for tally in part.tallies)))
    return int(any(part.failed for part in parts))


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
