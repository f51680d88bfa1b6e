"""Rendering options: how a picture is painted, each option declared once.

Command lines, Luigi's parameters, settings and the columns of packaged models are all made from
`OPTIONS`. `docs/adding-an-option.md` shows how to add one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from .option_kinds import (
    MAX_SIDE,
    BrushSize,
    ByteSize,
    Choice,
    DeviceName,
    Flag,
    Kind,
    PositiveNumber,
    StyleNumbers,
    UnitInterval,
    WholeNumber,
)

EXACT, FAST = "exact", "fast"
PRECISIONS = (EXACT, FAST)

KEEP, NONE = "keep", "none"

LOSSY_FORMATS = ("jpeg", "webp", "avif", "heic")
"""Names of the formats of image files that have a quality."""

FORMATS = (*LOSSY_FORMATS, "png", "tiff", "jp2", "gif", "bmp")
"""Names of the formats of image files that are written."""

MAX_THREADS = 1024
"""Each thread takes memory, and more than one for each core is of no use."""


_CARRIED_PIXELS = 40
"""How many pixels are carried from a canvas to the picture's size in the time that one is painted,
measured in the C++ engine."""


@dataclass(frozen=True)
class Option:
    """One rendering option, as command lines and tasks need to know it."""

    name: str
    """The attribute of `RenderingOptions`."""
    flag: str
    """The name on command lines and in packaged models, such as ``max-side``."""
    kind: Kind
    """The values that it accepts, and how they are written."""
    help: str
    default: object
    """The value where none is given."""
    changes_result: bool
    """Whether another value makes another result. Otherwise the option says how this machine gets
    to the same result: its device, threads and memory."""
    names_result: bool
    """Whether a result of another value is another look of the same picture in the same style, and
    has a name of its own. Otherwise it takes the place of the earlier one."""
    earlier: object
    """The value that stands for results from before there was the option."""

    @property
    def column(self) -> str:
        """The name in packaged models' tables, such as ``max_side``."""
        return self.flag.replace("-", "_")


def _option(
    kind: Kind,
    help: str,
    *,
    default: Any = None,
    flag: str = "",
    changes_result: bool = False,
    names_result: bool = False,
    earlier: Any = None,
) -> Any:
    """Declare an option as a field of `RenderingOptions`; `earlier` is by default its default."""
    details = {
        "kind": kind,
        "help": help,
        "flag": flag,
        "changes_result": changes_result,
        "names_result": names_result,
        "earlier": default if earlier is None else earlier,
    }
    return field(default=default, metadata=details)


@dataclass(frozen=True)
class RenderingOptions:
    """How a picture is painted. None leaves the choice to the program.

    Raises:
        TypeError: A value is of the wrong type.
        ValueError: A value is out of range.
    """

    number: int | str | None = _option(
        StyleNumbers(),
        "which style of a model that has several, counted from 0; or a mixture of them, such as "
        "3:0.5,12:0.5",
        flag="style",
        changes_result=True,
    )
    """Which style of a file that has several, from 0; or several with their shares, as in
    ``3=0.5,12=0.5``."""
    content_scale: float | None = _option(
        PositiveNumber(), "divide both sides of the picture by this first", changes_result=True
    )
    max_side: int | None = _option(
        WholeNumber(1, MAX_SIDE),
        "shrink the picture first so that its longer side has at most this many pixels",
        changes_result=True,
    )
    brush: int | None = _option(
        BrushSize(),
        "the size of the strokes, as if the picture's longer side had this many pixels: a number, "
        "auto (1080), or native, the picture's own size (the default)",
        changes_result=True,
        names_result=True,
    )
    """The longer side in px of the picture whose strokes are wanted; ``"auto"`` becomes a number
    and ``"native"`` None, for the picture's own size."""
    strength: float | None = _option(
        UnitInterval(),
        "how far to go from the photograph, 0, to the painting, 1 (the default)",
        changes_result=True,
        names_result=True,
    )
    """How far to go from the photograph (0) to the painting (1); None for the painting."""
    preserve_color: bool = _option(
        Flag(),
        "keep the photograph's colors: the painting gives only how light or dark each place is",
        default=False,
        changes_result=True,
        names_result=True,
    )
    """Whether the painting keeps the photograph's chroma, and has only its own luma."""
    file_format: str | None = _option(
        Choice(FORMATS, others=(("jpg", "jpeg"), ("tif", "tiff"))),
        "the format of the result (default: as its name says; in the pipeline, the photograph's)",
        flag="format",
        changes_result=True,
        names_result=True,
    )
    """One of the `FORMATS`; None for the one that the suffix of the result names."""
    quality: int | None = _option(
        WholeNumber(1, 100),
        "the quality of a JPEG, WebP, AVIF or HEIC result, up to 100 (default: 95); higher values "
        "make larger files",
        changes_result=True,
    )
    precision: str = _option(
        Choice(PRECISIONS),
        "how precisely to compute: exact, within one level of fp32 on every machine, or fast, in "
        "half precision where the device has it",
        default=EXACT,
        changes_result=True,
    )
    metadata: str = _option(
        Choice((KEEP, NONE)),
        "what to keep of the photograph's EXIF, XMP and IPTC: keep, all but the position, or none",
        default=KEEP,
        changes_result=True,
        earlier=NONE,
    )
    keep_location: bool = _option(
        Flag(), "also keep the photograph's GPS position", default=False, changes_result=True
    )
    device: str = _option(
        DeviceName(),
        "where to paint: cpu (the default), cuda, mps, xpu, or auto for an accelerator if there is "
        "one",
        default="cpu",
    )
    threads: int | None = _option(
        WholeNumber(1, MAX_THREADS), "how many threads paint on the CPU (default: one per core)"
    )
    memory: int | None = _option(
        ByteSize(),
        "the most memory to use, such as 2GiB (default: what is available); the rest goes into a "
        "temporary file; does not apply to ONNX graphs of other networks",
    )

    def __post_init__(self) -> None:
        """Check the values."""
        for option in OPTIONS:
            value = getattr(self, option.name)
            if value is not None:
                object.__setattr__(self, option.name, option.kind.check(option.name, value))
        if self.strength == 1:
            object.__setattr__(self, "strength", None)  # the same look has one name
        if self.quality is not None and self.file_format not in (None, *LOSSY_FORMATS):
            raise ValueError(
                f"expected no quality for {self.file_format}, which loses nothing: leave out one "
                f"of the two, or choose {', '.join(LOSSY_FORMATS[:-1])} or {LOSSY_FORMATS[-1]}"
            )

    def count_pixels(self, size: tuple[int, int]) -> float:
        """Return the work for a picture of this width and height: how many pixels are painted."""
        width, height = (max(1, int(side / (self.content_scale or 1))) for side in size)
        longest = max(width, height)
        result = width * height * min(1, (self.max_side or longest) / longest) ** 2
        if self.brush is None:
            return result
        painted = width * height * (self.brush / longest) ** 2
        return painted + result / _CARRIED_PIXELS

    def to_json(self) -> dict[str, Any]:
        """Return the options that are set, as plain JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RenderingOptions:
        """Return the options that `to_json` described."""
        return cls(**values)


OPTIONS: tuple[Option, ...] = tuple(
    Option(
        declared.name,
        declared.metadata["flag"] or declared.name.replace("_", "-"),
        declared.metadata["kind"],
        declared.metadata["help"],
        declared.default,
        declared.metadata["changes_result"],
        declared.metadata["names_result"],
        declared.metadata["earlier"],
    )
    for declared in fields(RenderingOptions)
)
"""All options, in the order in which they are declared and shown."""


def ignore(message: str) -> None:
    """Do nothing: the default of every `notify` callback."""
