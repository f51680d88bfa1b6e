"""docs/performance-accelerators.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from neural_style.options import EXACT, FAST

from ..contenders import CONTENDERS
from ..report.tables import NOTHING, format_table, format_times
from .figures import Figures, Row

_INTRODUCTION = """
# Performance of accelerators

`python -m bench.accelerators` writes this page: what the processor's widest instructions and, where
PyTorch finds one, an accelerator make of one picture of 512x512. [The CPU engine](engine.md) and
[Performance](performance.md) explain the rest.
"""

_PROCESSOR = """
## Processor

One picture, warm, from array to array. All contenders of a table take turns, each in a process of
its own on as many cores as it has threads; every second round is in reverse order. Times are
medians in seconds, with the shortest and the longest. Where they differ much, others shared the
machine.
"""

_DEVICE = """
## Accelerator

`exact` is fp32, `fast` fp16. *On the device* leaves out transfers; *arrays* are the same pictures
in the memory of the CPU before and after; *files* are JPEGs of 512x512, read, decoded, painted,
encoded and written by `neural_style.paint_all`, with the style loaded, in one process or in several
that share the accelerator, as the workers of `pset_4 bulk` do.
"""

_SPEEDUPS = ((EXACT, 6), (FAST, 16))
_RATES = ((FAST, "device", 1000), (EXACT, "device", 150), (FAST, "files", 400))
_TITLES = {"device": "on the device", "arrays": "arrays", "files": "files to files"}


def write_document(figures: Figures, path: Path) -> None:
    """Write the page."""
    parts = [
        _INTRODUCTION,
        format_table(["", ""], _list_facts(figures)),
        "## Goals",
        format_table(["figure", "goal", "measured", "met"], _judge(figures)),
        *figures.notes,
        _PROCESSOR,
        *_format_processor(figures),
        _DEVICE,
        *_format_device(figures),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(part.strip() for part in parts) + "\n", encoding="utf-8")


def _list_facts(figures: Figures) -> Iterator[Sequence[str]]:
    yield from figures.machine.items()
    yield "style", figures.style or "random weights of the official width"
    yield "measured with", f"`{figures.command}`, in {figures.seconds / 60:.1f} minutes"


def _judge(figures: Figures) -> Iterator[Sequence[str]]:
    """Yield the goals, which are for processors with AMX and for GPUs like the H100."""
    for name, goal in _SPEEDUPS:
        for count in sorted({row.count for row in figures.processor}):
            ratio = _ratio(figures.processor, name, count)
            has_tiles = "amx" in figures.machine.get("kernels", "")
            threads = "1 thread" if count == 1 else f"{count} threads"
            yield _judge_one(
                f"{name}, AMX, {threads}, against torch eager",
                f"{goal} times as fast",
                None if ratio is None or not has_tiles else f"{ratio:.1f} times",
                (ratio or 0) >= goal,
            )
    for name, kind, goal in _RATES:
        rates = [_rate(row) for row in getattr(figures, kind) if row.name == name]
        yield _judge_one(
            f"{name}, one GPU, {_TITLES[kind]}",
            f"{goal:,} pictures a second",
            f"{max(rates):,.0f}" if rates else None,
            max(rates, default=0) >= goal,
        )


def _judge_one(title: str, goal: str, measured: str | None, is_met: bool) -> Sequence[str]:
    if measured is None:
        return title, goal, "not measured: this machine has none", NOTHING
    return title, goal, measured, "yes" if is_met else "**no**"


def _format_processor(figures: Figures) -> Iterator[str]:
    titles = {each.name: each.title for each in CONTENDERS}
    for count in sorted({row.count for row in figures.processor}):
        yield f"### {count} thread{'s' if count > 1 else ''}"
        rows = []
        for row in figures.processor:
            if row.count != count:
                continue
            ratio = _ratio(figures.processor, row.name, count)
            times = f"not measured: {row.failure}" if row.failure else format_times(row.seconds)
            speed = NOTHING if ratio is None else f"{ratio:.2f} x"
            rows.append((titles[row.name], times, speed, str(len(row.seconds))))
        yield format_table(["contender", "seconds", "speed against torch", "times"], rows)


def _format_device(figures: Figures) -> Iterator[str]:
    if not figures.device:
        yield "PyTorch finds no accelerator on this machine: nothing was measured."
        return
    for kind in ("device", "arrays"):
        rows = [
            (
                row.name,
                str(row.count),
                format_times([1e3 * each for each in row.seconds]),
                f"{_rate(row):,.0f}",
            )
            for row in getattr(figures, kind)
        ]
        yield f"### {_TITLES[kind].capitalize()}"
        yield format_table(["", "pictures at once", "milliseconds", "pictures a second"], rows)
    yield "### Files to files"
    yield format_table(
        ["", "processes", "pictures", "seconds", "pictures a second"],
        [
            (
                row.name,
                str(row.processes),
                str(row.count),
                format_times(row.seconds),
                f"{_rate(row):,.0f}",
            )
            for row in figures.files
        ],
    )
    yield "### Against the exact engine on the CPU"
    yield format_table(
        ["", "PSNR", "largest difference"],
        [(name, f"{psnr:.1f} dB", str(most)) for name, (psnr, most) in figures.quality.items()],
    )


def _ratio(rows: Sequence[Row], name: str, count: int) -> float | None:
    """Return how many times as fast as PyTorch a contender is, by medians."""
    medians = {row.name: row.median for row in rows if row.count == count}
    own, torch = medians.get(name), medians.get("torch")
    return torch / own if own and torch else None


def _rate(row: Row) -> float:
    """Return the pictures a second, by the median."""
    return row.count / row.median if row.median else 0.0
