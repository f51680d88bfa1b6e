"""Whole processes that are compared: from the command to the painted file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from neural_style.options import FAST

from .contenders import CONTENDERS
from .sizes import LARGE, PHONE, SMALL, Size

ROOT = Path(__file__).resolve().parents[1]
BOUND = "2GiB"
"""What the programs with little memory are given as `--memory`."""

_PICTURE, _STYLE = "picture.jpg", "style.pth"
_ENTRY_POINT = Path("neural_style/neural_style.py")  # in the folder of the reference


@dataclass(frozen=True)
class Workplace:
    """Where programs run, and what they take."""

    folder: Path
    weights_path: Path
    picture_path: Path
    painted_path: Path
    threads: int
    reference: Path | None
    """The folder fast_neural_style of pytorch/examples; None if it is not at hand."""


@dataclass(frozen=True)
class Program:
    """A command that paints a file."""

    name: str
    title: str
    command: Callable[[Workplace], list[str]]
    sizes: tuple[Size, ...]
    paints: Callable[[Workplace], Path] = lambda place: place.painted_path
    """The file that it writes."""
    obstacle: Callable[[], str | None] = lambda: None


def check_reference(folder: Path) -> Path:
    """`folder` as an absolute path.

    Raises:
        FileNotFoundError: the reference implementation is not in it.
    """
    if not (folder / _ENTRY_POINT).is_file():
        raise FileNotFoundError(
            f"expected the folder fast_neural_style of pytorch/examples, but there is no "
            f"{folder / _ENTRY_POINT}"
        )
    return folder.resolve()


def _eval_arguments(place: Workplace) -> list[str]:
    return [
        "eval",
        f"--content-image={place.picture_path}",
        f"--model={place.weights_path}",
        f"--output-image={place.painted_path}",
    ]


def _command_of_reference(place: Workplace) -> list[str]:
    if place.reference is None:
        return [sys.executable, "-m", "bench.stand_in", *_eval_arguments(place)[1:]]
    return [sys.executable, str(place.reference / _ENTRY_POINT), *_eval_arguments(place)]


def _command_of_ours(*options: str) -> Callable[[Workplace], list[str]]:
    return lambda place: [
        *(sys.executable, "-m", "neural_style"),
        *_eval_arguments(place),
        f"--threads={place.threads}",
        *options,
    ]


def _command_of_pipeline(place: Workplace) -> list[str]:
    chosen = ["--image", _PICTURE, "--model", _STYLE]
    return [*_pipeline("stylize"), "--no-upload", *chosen]


def _pipeline(command: str) -> list[str]:
    return [sys.executable, "-m", "pset_4", command]


def drop_in(place: Workplace) -> list[str]:
    """Put the picture and the style into a new project.

    Returns:
        The command that publishes them, fetches them, and paints for the first time.
    """
    uploads = place.folder / "data" / "uploads"
    shutil.rmtree(place.folder / "data", ignore_errors=True)
    uploads.mkdir(parents=True)
    shutil.copyfile(place.picture_path, uploads / _PICTURE)
    shutil.copyfile(place.weights_path, uploads / _STYLE)
    return _pipeline("main")


def _result_of_pipeline(place: Workplace) -> Path:
    return place.folder / "data" / "stylized" / _STYLE / _PICTURE


def forget_painted(program: Program, place: Workplace) -> None:
    """Remove what `program` painted before, and what it would find in place of work to do."""
    program.paints(place).unlink(missing_ok=True)
    for name in ("uploads", "stylized"):
        shutil.rmtree(place.folder / "data" / name, ignore_errors=True)


def environment(place: Workplace) -> Mapping[str, str]:
    """Variables for all processes: equal threads, caches in the workplace, no settings of users."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PSET_4_", "NEURAL_STYLE_"))}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **kept,
        "OMP_NUM_THREADS": str(place.threads),
        "MKL_NUM_THREADS": str(place.threads),
        "OPENBLAS_NUM_THREADS": str(place.threads),
        "NEURAL_STYLE_CACHE": str(place.folder / "cache"),
        "TORCHINDUCTOR_CACHE_DIR": str(place.folder / "inductor"),
        "TMPDIR": str(place.folder),
        "PYTHONPATH": os.pathsep.join(paths),
    }


_no_fast = next(c.obstacle for c in CONTENDERS if c.name == FAST)

REFERENCE_PROGRAM = "reference-process"
PIPELINE_PROGRAM = "pipeline"

PROGRAMS = (
    Program(REFERENCE_PROGRAM, "the reference script", _command_of_reference, (SMALL, PHONE)),
    Program(
        "exact-process", "`neural_style eval`", _command_of_ours("--precision=exact"),
        (SMALL, PHONE),
    ),
    Program(
        "fast-process", "`neural_style eval --precision fast`",
        _command_of_ours("--precision=fast"), (SMALL, PHONE), obstacle=_no_fast,
    ),
    Program(
        "exact-bounded", f"`neural_style eval --memory {BOUND}`",
        _command_of_ours("--precision=exact", f"--memory={BOUND}"), (LARGE,),
    ),
    Program(
        "fast-bounded", f"`neural_style eval --precision fast --memory {BOUND}`",
        _command_of_ours("--precision=fast", f"--memory={BOUND}"), (LARGE,), obstacle=_no_fast,
    ),
    Program(
        PIPELINE_PROGRAM, "`pset_4 stylize`, all cached", _command_of_pipeline, (SMALL,),
        _result_of_pipeline,
    ),
)  # fmt: skip
