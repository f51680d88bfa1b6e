"""What the engine is meant to reach, and whether it was measured to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from csci_utils.text import parse_size as parse_bytes
from neural_style.options import EXACT, FAST

from .contenders import TORCH
from .programs import BOUND, PIPELINE_PROGRAM, REFERENCE_PROGRAM
from .results import Results
from .sizes import LARGE, PHONE, SMALL

AMX = "amx"
NOT_MEASURED = "not measured"
STAND_IN = "a stand-in"
"""What the document calls `bench.stand_in`, where the reference script is not at hand."""
_MET, _MISSED = "yes", "**no**"


@dataclass(frozen=True)
class Verdict:
    """A line of the table: what is wanted, what was measured, and whether that is enough."""

    what: str
    wanted: str
    measured: str
    is_met: str


Judge = Callable[[Results], Verdict]


def judge(results: Results) -> Iterator[Verdict]:
    """The verdicts on all targets."""
    return (each(results) for each in _TARGETS)


def _faster(
    what: str, size: str, baseline: str, name: str, wanted: float, kernel: str | None = None
) -> Judge:
    """`name` is meant to be `wanted` times as fast as `baseline`, with this `kernel`."""

    def compare(results: Results) -> Verdict:
        slow, fast = (results.figures(each, size).seconds for each in (baseline, name))
        target = f"{wanted} times faster"
        if slow is None or fast is None:
            return _unmeasured(results, what, target, (baseline, name), size)
        times = slow / fast
        measured = f"{times:.1f} times"
        if baseline == REFERENCE_PROGRAM and not results.settings["reference"]:
            measured += f" ({STAND_IN})"
        used = results.kernels.get(name.partition("-")[0])
        if kernel is not None and used != kernel:
            return Verdict(
                what,
                target,
                f"{measured}, with {used}",
                f"{NOT_MEASURED}: needs the kernel {kernel}",
            )
        return Verdict(what, target, measured, _met(times >= wanted))

    return compare


def _less_memory(what: str, size: str, name: str, limit: int, anonymous: bool = False) -> Judge:
    """`name` is meant to stay below `limit` bytes."""

    def compare(results: Results) -> Verdict:
        figures = results.figures(name, size)
        peak = figures.peak_anonymous if anonymous else figures.peak_memory
        target = f"under {_megabytes(limit)}" + (" anonymous" if anonymous else "")
        if peak is None:
            return _unmeasured(results, what, target, (name,), size)
        return Verdict(what, target, _megabytes(peak), _met(peak < limit))

    return compare


def _as_fast_a_pixel(what: str, name: str, base: str, wanted: float) -> Judge:
    """`name` at the largest size is meant to take at most `wanted` times `base`'s time a pixel."""

    def compare(results: Results) -> Verdict:
        target = f"at most {wanted:g} times the time a pixel of {PHONE.title}"
        large, small = (
            results.figures(each, size.name).seconds
            for each, size in ((name, LARGE), (base, PHONE))
        )
        if large is None or small is None:
            missing = (name, LARGE) if large is None else (base, PHONE)
            return _unmeasured(results, what, target, missing[:1], missing[1].name)
        times = (large / LARGE.pixels) / (small / PHONE.pixels)
        return Verdict(what, target, f"{times:.2f} times", _met(times <= wanted))

    return compare


def _at_most(what: str, size: str, name: str, base: str, wanted: float) -> Judge:
    """`name` is meant to take at most `wanted` times as long as `base`."""

    def compare(results: Results) -> Verdict:
        target = f"at most {wanted:g} times"
        slow, fast = (results.figures(each, size).seconds for each in (name, base))
        if slow is None or fast is None:
            return _unmeasured(results, what, target, (name, base), size)
        return Verdict(what, target, f"{slow / fast:.2f} times", _met(slow / fast <= wanted))

    return compare


def _unmeasured(
    results: Results, what: str, target: str, names: tuple[str, ...], size: str
) -> Verdict:
    reasons = (results.figures(name, size).failure for name in names)
    reason = next(filter(None, reasons), None)
    return Verdict(what, target, NOT_MEASURED, reason or "-")


def _met(is_met: bool) -> str:
    return _MET if is_met else _MISSED


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _whole(title: str, kind: str) -> str:
    return f"{title}, whole process, {kind}, against the reference script"


_BOUND_BYTES = parse_bytes(BOUND)

_TARGETS: tuple[Judge, ...] = (
    _faster(f"{SMALL.name}, exact, against torch eager", SMALL.name, TORCH.name, EXACT, 6, AMX),
    _faster(f"{SMALL.name}, fast, against torch eager", SMALL.name, TORCH.name, FAST, 16, AMX),
    *(
        _faster(_whole(size.title, kind), size.name, REFERENCE_PROGRAM, f"{kind}-process", x, AMX)
        for size, kind, x in (
            (PHONE, EXACT, 12),
            (PHONE, FAST, 25),
            (SMALL, EXACT, 9),
            (SMALL, FAST, 10),
        )
    ),
    *(
        _less_memory(f"{size.title}, whole process, {kind}", size.name, f"{kind}-process", limit)
        for size, kind, limit in (
            (PHONE, EXACT, 950_000_000),
            (PHONE, FAST, 600_000_000),
            (SMALL, EXACT, 150_000_000),
        )
    ),
    *(
        each
        for kind in (EXACT, FAST)
        for each in (
            _less_memory(
                f"{LARGE.title}, {kind}, `--memory {BOUND}`",
                LARGE.name,
                f"{kind}-bounded",
                _BOUND_BYTES,
                anonymous=True,
            ),
            _as_fast_a_pixel(
                f"{LARGE.title}, {kind}, `--memory {BOUND}`",
                f"{kind}-bounded",
                f"{kind}-process",
                1.5,
            ),
        )
    ),
    _at_most(
        f"{SMALL.name}, `pset_4 stylize`, against `neural_style eval`, whole processes",
        SMALL.name,
        PIPELINE_PROGRAM,
        f"{EXACT}-process",
        2.5,
    ),
    _faster(
        f"{SMALL.name}, AVX-512 forced, against torch eager", SMALL.name, TORCH.name, "avx512", 1.7
    ),
    _faster(f"{SMALL.name}, AVX2 forced, against torch eager", SMALL.name, TORCH.name, "avx2", 1.0),
)
