"""What was measured, in memory and as a file of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from neural_style.formats.weights import OFFICIAL_BASE_WIDTH

from .sizes import Size, parse_size


@dataclass(frozen=True)
class Measurement:
    """What one process took: times in seconds, memory in bytes, None where it is not known."""

    name: str
    size: str
    first: float | None = None
    """A contender's time to be built and to paint for the first time."""
    warm: list[float] = field(default_factory=list)
    whole: float | None = None
    """A program's time from its start to its end."""
    peak_memory: int | None = None
    peak_anonymous: int | None = None
    failure: str | None = None
    """Why there are no figures, or none that count."""


@dataclass(frozen=True)
class Quality:
    """How much what `name` painted differs from what `reference` painted."""

    name: str
    size: str
    reference: str
    psnr: float
    largest: int


@dataclass
class Results:
    """What one campaign measured, and where and how."""

    command: str
    seconds: float = 0.0
    machine: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    base_width: int = OFFICIAL_BASE_WIDTH
    rates: dict[str, float] = field(default_factory=dict)
    """The processor's operations a second, by the type of numbers."""
    kernels: dict[str, str] = field(default_factory=dict)
    sizes: list[str] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    qualities: list[Quality] = field(default_factory=list)

    def list_sizes(self) -> list[Size]:
        return sorted(map(parse_size, self.sizes), key=lambda size: size.pixels)

    def figures(self, name: str, size: str) -> Figures:
        """All figures of one contender or program at one size."""
        return Figures([m for m in self.measurements if (m.name, m.size) == (name, size)])

    def quality(self, name: str, size: str) -> Quality | None:
        return next((q for q in self.qualities if (q.name, q.size) == (name, size)), None)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))


def load_results(path: Path) -> Results:
    """The twin of `Results.save`."""
    fields: dict[str, Any] = json.loads(path.read_text())
    fields["measurements"] = [Measurement(**each) for each in fields["measurements"]]
    fields["qualities"] = [Quality(**each) for each in fields["qualities"]]
    return Results(**fields)


@dataclass(frozen=True)
class Figures:
    """The measurements of one contender or program at one size."""

    measurements: list[Measurement]

    @property
    def warm(self) -> list[float]:
        return [seconds for each in self._good for seconds in each.warm]

    @property
    def whole(self) -> list[float]:
        return _known(each.whole for each in self._good)

    @property
    def first(self) -> float | None:
        """The first time in the first round: later rounds may find what it left in caches."""
        return next(iter(_known(each.first for each in self._good)), None)

    @property
    def seconds(self) -> float | None:
        """The median of the warm times, else of the whole processes', else the first time."""
        values = self.warm or self.whole
        return median(values) if values else self.first

    @property
    def peak_memory(self) -> int | None:
        return max(_known(each.peak_memory for each in self._good), default=None)

    @property
    def peak_anonymous(self) -> int | None:
        return max(_known(each.peak_anonymous for each in self._good), default=None)

    @property
    def failure(self) -> str | None:
        """Why there are no figures; None if there are some, or if nobody tried."""
        failures = [each.failure for each in self.measurements if each.failure]
        return None if self._good or not failures else failures[0]

    @property
    def _good(self) -> list[Measurement]:
        return [each for each in self.measurements if each.failure is None]


def _known(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]
