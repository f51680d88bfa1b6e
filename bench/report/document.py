"""docs/performance.md: the measured figures in tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from neural_style.options import EXACT, FAST

from ..contenders import BF16, CONTENDERS, KERNELS, TORCH, Contender
from ..programs import PROGRAMS, REFERENCE_PROGRAM, Program
from ..results import Figures, Results
from ..sizes import Size
from .method import count_operations, format_method
from .plot import draw
from .tables import NOTHING, format_memory, format_seconds, format_table, format_times
from .targets import AMX, NOT_MEASURED, STAND_IN, Verdict, judge

_COLUMNS = (
    "contender",
    "warm, s",
    "speed against torch",
    "first, s",
    "memory",
    "anonymous",
    "PSNR",
    "largest difference",
    "share of peak",
)

_PROGRAM_COLUMNS = ("picture", "program", "seconds", "memory", "anonymous")

_INTRODUCTION = """
# Performance

`make bench` writes this document from its measurements on the machine below
([method](#how-it-was-measured)). [The CPU engine](engine.md) explains the results.
"""

_PROGRAMS = """
## Whole processes

These times run from the start of the command to the painted JPEG. Both read the style from
PyTorch's file each time.
"""

_STAND_IN_NOTE = """
The reference script was not available. A stand-in of 20 lines ran in its place; it imports less, so
it starts faster. `make bench REFERENCE=path/to/fast_neural_style` runs the script itself.
"""


def write_report(results: Results, path: Path) -> None:
    """Write the document to `path`, and its plot beside it with the suffix ``.svg``."""
    plot_path = path.with_suffix(".svg")
    path.parent.mkdir(parents=True, exist_ok=True)
    plot_path.write_text(draw(results), encoding="utf-8")
    path.write_text(render(results, plot_path.name), encoding="utf-8")


def render(results: Results, plot_name: str) -> str:
    """Return the document in Markdown; `plot_name` is the plot's path relative to it."""
    parts = [
        _INTRODUCTION,
        _format_facts(results),
        *_format_targets(results),
        "## Side by side",
        f"![Seconds and memory over megapixels, both axes logarithmic]({plot_name})",
        *(part for size in results.list_sizes() for part in _format_size(results, size)),
        *_format_kernels(results),
        *_format_programs(results),
        *_format_unjudged(results),
        format_method(results),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _format_facts(results: Results) -> str:
    kernels = f"exact {results.kernels.get(EXACT)}, fast {results.kernels.get(FAST)}"
    threads = f"{results.settings['threads']} for each contender, on as many cores"
    style = results.settings["style"] or "random weights of the official width"
    rates = {f"peak, {name}": f"{rate / 1e9:.0f} GFLOP/s" for name, rate in results.rates.items()}
    settings = {"kernels": kernels, "threads": threads, "style": style}
    return format_table(["", ""], {**results.machine, **settings, **rates}.items())


def _format_targets(results: Results) -> Iterator[str]:
    """Yield a table of the targets that are met or missed, and how many are neither."""
    judged = [each for each in judge(results) if each.is_judged]
    unjudged = len(judge(results)) - len(judged)
    yield "## Targets"
    yield _format_verdicts(judged, "met") if judged else "None can be judged on this machine."
    if judged and unjudged:
        yield f"{unjudged} more [cannot be judged](#targets-not-judged) on this machine."


def _format_unjudged(results: Results) -> Iterator[str]:
    """Yield a table of the targets that were not judged, and why."""
    unjudged = [each for each in judge(results) if not each.is_judged]
    if unjudged:
        yield "## Targets not judged"
        yield f"The speed targets are for processors with {AMX.upper()}."
        yield _format_verdicts(unjudged, "not judged because")


def _format_verdicts(verdicts: Sequence[Verdict], heading: str) -> str:
    rows = [(each.title, each.goal, each.measured, each.outcome) for each in verdicts]
    return format_table(["figure", "target", "measured", heading], rows)


def _format_size(results: Results, size: Size) -> Iterator[str]:
    """Yield the heading and table of one size, and a note where torch is not the reference."""
    unforced = [each for each in CONTENDERS if each.name not in KERNELS]
    shown = [each for each in unforced if each.smallest is None or each.takes(size)]
    yield f"### {size.title}"
    yield format_table(_COLUMNS, [_format_row(results, each, size) for each in shown])
    references = {each.reference for each in results.qualities if each.size == size.name}
    if not references:
        yield "There is no reference picture of this size to compare with."
    elif references != {TORCH.name}:
        title = next(each.title for each in CONTENDERS if each.name in references)
        yield f"torch did not paint this size. The reference picture is from {title}."


def _format_row(results: Results, contender: Contender, size: Size) -> Sequence[str]:
    figures = results.figures(contender.name, size.name)
    seconds = figures.seconds
    if seconds is None:
        return [contender.title, _explain(figures.failure or _find_limit(contender, size))]
    torch_seconds = results.figures(TORCH.name, size.name).seconds
    return [
        contender.title,
        format_times(figures.warm) if figures.warm else f"{format_seconds(seconds)} (first)",
        f"{torch_seconds / seconds:.2f} x" if torch_seconds else NOTHING,
        format_seconds(figures.first),
        format_memory(figures.peak_memory),
        format_memory(figures.peak_anonymous),
        *_format_quality(results, contender, size),
        _format_share(results, contender, size, seconds),
    ]


def _explain(reason: str | None) -> str:
    return f"{NOT_MEASURED}: {reason}" if reason else NOT_MEASURED


def _find_limit(contender: Contender, size: Size) -> str | None:
    if contender.largest is None or contender.takes(size):
        return None
    return f"limited to {contender.largest.name}"


def _format_quality(results: Results, contender: Contender, size: Size) -> tuple[str, str]:
    quality = results.quality(contender.name, size.name)
    if quality is None:
        return NOTHING, NOTHING
    psnr = "equal" if math.isinf(quality.psnr) else f"{quality.psnr:.1f} dB"
    return psnr, str(quality.largest)


def _format_share(results: Results, contender: Contender, size: Size, seconds: float) -> str:
    """Return the share of the processor's peak for the number type of the contender."""
    if contender.is_other_network:
        return NOTHING
    uses_amx = results.kernels.get(contender.name, "").startswith(AMX)
    rate = results.rates.get(BF16 if uses_amx else contender.dtype)
    operations = count_operations(results.base_width) * size.pixels
    return f"{operations / seconds / rate:.0%}" if rate else NOTHING


def _format_kernels(results: Results) -> Iterator[str]:
    size = results.list_sizes()[0]  # kernels are forced at the smallest size only
    shown = [TORCH, *(each for each in CONTENDERS if each.name in KERNELS)]
    yield f"## Kernels, at {size.title}"
    yield format_table(_COLUMNS, [_format_row(results, each, size) for each in shown])


def _format_programs(results: Results) -> Iterator[str]:
    yield _PROGRAMS
    if not results.settings["reference"]:
        yield _STAND_IN_NOTE
    rows = [
        [size.title, _format_title(results, program), *_format_whole(figures)]
        for size in results.list_sizes()
        for program in PROGRAMS
        for figures in [results.figures(program.name, size.name)]
        if size in program.sizes
    ]
    yield format_table(_PROGRAM_COLUMNS, rows) if rows else f"{NOT_MEASURED.capitalize()}."


def _format_title(results: Results, program: Program) -> str:
    if program.name == REFERENCE_PROGRAM and not results.settings["reference"]:
        return f"{STAND_IN} for {program.title}"
    return program.title


def _format_whole(figures: Figures) -> Sequence[str]:
    if not figures.whole:
        return [_explain(figures.failure)]
    return [
        format_times(figures.whole),
        format_memory(figures.peak_memory),
        format_memory(figures.peak_anonymous),
    ]
