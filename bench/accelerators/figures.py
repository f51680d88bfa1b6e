"""What was measured, in memory and as a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from ..errors import BenchmarkError


@dataclass(frozen=True)
class Row:
    """One thing that was measured again and again."""

    name: str
    """A contender, or a precision."""
    count: int
    """Of threads, or of pictures at once."""
    seconds: list[float] = field(default_factory=list)
    """For each repetition, for all pictures at once."""
    failure: str | None = None
    """Why there are no figures."""
    processes: int = 1
    """How many painted together."""

    @property
    def median(self) -> float | None:
        """The median of the repetitions; None without any."""
        return median(self.seconds) if self.seconds else None


@dataclass
class Figures:
    """All rows, and the machine."""

    command: str
    machine: dict[str, str] = field(default_factory=dict)
    style: str = ""
    seconds: float = 0.0
    """How long the whole run took."""
    processor: list[Row] = field(default_factory=list)
    """Single pictures on the CPU, by contender and threads."""
    device: list[Row] = field(default_factory=list)
    """Batches on the accelerator, which hold their pictures and results already."""
    arrays: list[Row] = field(default_factory=list)
    """The same from and to the memory of the CPU."""
    files: list[Row] = field(default_factory=list)
    """From files to files; `count` is the number of pictures."""
    notes: list[str] = field(default_factory=list)
    """What readers should know besides; see ``--note``."""
    quality: dict[str, tuple[float, int]] = field(default_factory=dict)
    """By precision, the PSNR in dB and the largest difference from the exact engine on the CPU."""

    def save(self, path: Path) -> None:
        """Write the figures to a JSON file, for `load_figures`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1))


def load_figures(path: Path) -> Figures:
    """Read what `Figures.save` wrote.

    Raises:
        BenchmarkError: The file does not exist.
    """
    try:
        fields = json.loads(path.read_text())
    except FileNotFoundError:
        raise BenchmarkError(
            "the file does not exist", path=path, remedy="run the benchmark without --render first"
        ) from None
    for name in ("processor", "device", "arrays", "files"):
        fields[name] = [Row(**each) for each in fields[name]]
    return Figures(**fields)
