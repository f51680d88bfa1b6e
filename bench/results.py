"""The raw results, in memory and as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from neural_style.networks.description import OFFICIAL_BASE_WIDTH

from .errors import BenchmarkError
from .sizes import Size, parse_size

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Measurement:
    """The time of one process in seconds and its memory in bytes, as far as they are known."""

    name: str
    size: str
    first: float | None = None
    """The time in which a contender is built and paints for the first time."""
    warm: list[float] = field(default_factory=list)
    """The times of a contender's further paintings."""
    whole: float | None = None
    """The time of a program from its start to its end."""
    peak_memory: int | None = None
    peak_anonymous: int | None = None
    failure: str | None = None
    """The reason why there are no figures; None if there are."""


@dataclass(frozen=True)
class Quality:
    """The difference between the pictures that `name` and `reference` painted."""

    name: str
    size: str
    reference: str
    psnr: float
    """In dB; infinite for equal pictures."""
    largest: int
    """In levels of 0..255."""


@dataclass
class Results:
    """Everything that one run of the benchmark measured, on which machine and how."""

    command: str
    seconds: float = 0.0
    machine: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    base_width: int = OFFICIAL_BASE_WIDTH
    rates: dict[str, float] = field(default_factory=dict)
    """The processor's peak in operations per second, by number type."""
    kernels: dict[str, str] = field(default_factory=dict)
    """The engine's kernel, by precision."""
    sizes: list[str] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    """In the order in which they were made."""
    qualities: list[Quality] = field(default_factory=list)

    def list_sizes(self) -> list[Size]:
        """Return the measured sizes, the smallest first."""
        return sorted(map(parse_size, self.sizes), key=lambda size: size.pixels)

    def figures(self, name: str, size: str) -> Figures:
        """Return all figures of one contender or program at one size."""
        return Figures([m for m in self.measurements if (m.name, m.size) == (name, size)])

    def quality(self, name: str, size: str) -> Quality | None:
        """Return the quality of a contender at one size; None if it was not compared."""
        return next((q for q in self.qualities if (q.name, q.size) == (name, size)), None)

    def save(self, path: Path) -> None:
        """Write the results to a JSON file, for `load_results`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))


def load_results(path: Path) -> Results:
    """Read what `Results.save` wrote.

    Raises:
        BenchmarkError: The file does not exist.
    """
    try:
        fields: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise BenchmarkError(
            "the file does not exist", path=path, remedy="run the benchmark without --render first"
        ) from None
    fields["measurements"] = [Measurement(**each) for each in fields["measurements"]]
    fields["qualities"] = [Quality(**each) for each in fields["qualities"]]
    return Results(**fields)


@dataclass(frozen=True)
class Figures:
    """The measurements of one contender or program at one size, summed up."""

    measurements: list[Measurement]

    @property
    def warm(self) -> list[float]:
        """The warm times of all rounds, in seconds."""
        return [seconds for each in self._successes for seconds in each.warm]

    @property
    def whole(self) -> list[float]:
        """The times of the whole process in all rounds, in seconds."""
        return _known(each.whole for each in self._successes)

    @property
    def first(self) -> float | None:
        """The first time in the first round; later rounds may profit from its caches."""
        return next(iter(_known(each.first for each in self._successes)), None)

    @property
    def seconds(self) -> float | None:
        """The median of the warm times, else of the whole processes', else the first time."""
        values = self.warm or self.whole
        return median(values) if values else self.first

    @property
    def peak_memory(self) -> int | None:
        """The largest peak of resident memory, in bytes."""
        return max(_known(each.peak_memory for each in self._successes), default=None)

    @property
    def peak_anonymous(self) -> int | None:
        """The largest peak of anonymous memory, in bytes."""
        return max(_known(each.peak_anonymous for each in self._successes), default=None)

    @property
    def failure(self) -> str | None:
        """Why there are no figures; None if there are some, or if nothing was run."""
        failures = _known(each.failure for each in self.measurements)
        return None if self._successes or not failures else failures[0]

    @property
    def _successes(self) -> list[Measurement]:
        return [each for each in self.measurements if each.failure is None]


def _known(values: Iterable[_Value | None]) -> list[_Value]:
    return [value for value in values if value is not None]
