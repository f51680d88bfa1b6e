"""The targets of the engine, and which of them a run of the benchmark met."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from csci_utils.text import parse_size as parse_bytes
from neural_style.options import EXACT, FAST

from ..contenders import TORCH
from ..programs import BOUND, PIPELINE_PROGRAM, REFERENCE_PROGRAM
from ..results import Results
from ..sizes import LARGE, PHONE, SMALL, Size

AMX = "amx"
"""How the names of the kernels begin that the speed targets are for: ``amx`` for exact painting,
``amx-bf16`` for fast painting."""

NOT_MEASURED = "not measured"
"""The text in place of a figure that does not exist."""
STAND_IN = "a stand-in"
"""The name of `bench.stand_in` in the document."""

_MET, _MISSED = "yes", "**no**"

_BOUND_BYTES = parse_bytes(BOUND)


@dataclass(frozen=True)
class Verdict:
    """A row of a table: the target, the measured value, and whether the target is met."""

    title: str
    goal: str
    measured: str
    outcome: str
    """Whether the target is met, or why that cannot be told."""

    @property
    def is_judged(self) -> bool:
        """Whether the target is met or missed."""
        return self.outcome in (_MET, _MISSED)


@dataclass(frozen=True)
class _Target:
    """A goal for one value that is computed from the results."""

    title: str
    goal: str
    inputs: tuple[tuple[str, Size], ...]
    """The contenders or programs and the sizes that the value is computed from."""
    compute: Callable[[Results], float | None]
    """Return the value; None if a measurement is missing."""
    unit: str
    """The format of the value, with its unit."""
    accepts: Callable[[float], bool]
    """Return True if a value meets the goal."""
    kernel: str | None = None
    """The kernel that the goal is for, by the beginning of its name; None for any."""


def judge(results: Results) -> list[Verdict]:
    """Return the verdicts on all targets, in the order of the table."""
    return [_judge(target, results) for target in _list_targets()]


def _judge(target: _Target, results: Results) -> Verdict:
    value = target.compute(results)
    if value is None:
        return Verdict(target.title, target.goal, NOT_MEASURED, _find_reason(target, results))
    measured = target.unit.format(value)
    if any(name == REFERENCE_PROGRAM for name, _ in target.inputs):
        measured += "" if results.settings["reference"] else f" ({STAND_IN})"
    precision = target.inputs[0][0].partition("-")[0]
    used = results.kernels.get(precision)
    if target.kernel and not (used or "").startswith(target.kernel):
        reason = f"needs the kernel {target.kernel}"
        return Verdict(target.title, target.goal, f"{measured}, with {used}", reason)
    outcome = _MET if target.accepts(value) else _MISSED
    return Verdict(target.title, target.goal, measured, outcome)


def _find_reason(target: _Target, results: Results) -> str:
    reasons = (results.figures(name, size.name).failure for name, size in target.inputs)
    return next(filter(None, reasons), "-")


def _compute_ratio(
    results: Results, dividend: tuple[str, Size], divisor: tuple[str, Size]
) -> float | None:
    over, under = (results.figures(n, size.name).seconds for n, size in (dividend, divisor))
    return None if over is None or under is None else over / under


def _speedup(
    title: str, size: Size, name: str, baseline: str, goal: float, kernel: str | None = None
) -> _Target:
    """Return the target that `name` is at least `goal` times as fast as `baseline`."""
    inputs = (name, size), (baseline, size)
    return _Target(
        title,
        f"{goal} times as fast",
        inputs,
        lambda results: _compute_ratio(results, inputs[1], inputs[0]),
        "{:.1f} times",
        lambda value: value >= goal,
        kernel,
    )


def _slowdown(title: str, size: Size, name: str, baseline: str, goal: float) -> _Target:
    """Return the target that `name` takes at most `goal` times as long as `baseline`."""
    inputs = (name, size), (baseline, size)
    return _Target(
        title,
        f"at most {goal:g} times",
        inputs,
        lambda results: _compute_ratio(results, *inputs),
        "{:.2f} times",
        lambda value: value <= goal,
    )


def _time_per_pixel(title: str, name: str, baseline: str, goal: float) -> _Target:
    """Return the target that a pixel at `LARGE` takes at most `goal` times that at `PHONE`."""
    inputs = (name, LARGE), (baseline, PHONE)

    def compute(results: Results) -> float | None:
        ratio = _compute_ratio(results, *inputs)
        return None if ratio is None else ratio * PHONE.pixels / LARGE.pixels

    return _Target(
        title,
        f"at most {goal:g} times the time per pixel of {PHONE.title}",
        inputs,
        compute,
        "{:.2f} times",
        lambda value: value <= goal,
    )


def _memory(title: str, size: Size, name: str, limit: int, anonymous: bool = False) -> _Target:
    """Return the target that the peak of `name` is below `limit` bytes."""

    def compute(results: Results) -> float | None:
        figures = results.figures(name, size.name)
        peak = figures.peak_anonymous if anonymous else figures.peak_memory
        return None if peak is None else peak / 1e6

    return _Target(
        title,
        f"under {limit / 1e6:.0f} MB" + (" anonymous" if anonymous else ""),
        ((name, size),),
        compute,
        "{:.0f} MB",
        lambda megabytes: megabytes < limit / 1e6,
    )


def _list_targets() -> Iterator[_Target]:
    small, torch = SMALL.name, f"against {TORCH.title.partition(',')[0]}"
    yield _speedup(f"{small}, exact, {torch}", SMALL, EXACT, TORCH.name, 6, AMX)
    yield _speedup(f"{small}, fast, {torch}", SMALL, FAST, TORCH.name, 16, AMX)
    yield from _list_process_targets()
    yield from _list_bounded_targets()
    title = f"{small}, `pset_4 stylize`, against `neural_style eval`, whole processes"
    yield _slowdown(title, SMALL, PIPELINE_PROGRAM, f"{EXACT}-process", 2.5)
    yield _speedup(f"{small}, AVX-512 forced, {torch}", SMALL, "avx512", TORCH.name, 1.7)
    yield _speedup(f"{small}, AVX2 forced, {torch}", SMALL, "avx2", TORCH.name, 1.0)


def _list_process_targets() -> Iterator[_Target]:
    for size, precision, goal in (
        (PHONE, EXACT, 12),
        (PHONE, FAST, 25),
        (SMALL, EXACT, 9),
        (SMALL, FAST, 10),
    ):
        title = f"{size.title}, whole process, {precision}, against the reference script"
        yield _speedup(title, size, f"{precision}-process", REFERENCE_PROGRAM, goal, AMX)
    for size, precision, limit in (
        (PHONE, EXACT, 950_000_000),
        (PHONE, FAST, 600_000_000),
        (SMALL, EXACT, 150_000_000),
    ):
        title = f"{size.title}, whole process, {precision}"
        yield _memory(title, size, f"{precision}-process", limit)


def _list_bounded_targets() -> Iterator[_Target]:
    for precision in (EXACT, FAST):
        title = f"{LARGE.title}, {precision}, `--memory {BOUND}`"
        name = f"{precision}-bounded"
        yield _memory(title, LARGE, name, _BOUND_BYTES, anonymous=True)
        yield _time_per_pixel(title, name, f"{precision}-process", 1.5)
