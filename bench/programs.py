"""The programs: whole processes that are compared, from the command to the painted file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from neural_style.options import EXACT, FAST

from .contenders import find_fast_obstacle
from .errors import BenchmarkError
from .sizes import LARGE, PHONE, SMALL, Size

ROOT = Path(__file__).resolve().parents[1]
"""The project's folder."""
BOUND = "2GiB"
"""The `--memory` of the programs with bounded memory."""
REFERENCE_PROGRAM = "reference-process"
"""The name of the reference script, or its stand-in."""
PIPELINE_PROGRAM = "pipeline"
"""The name of the pipeline's command."""

_PICTURE, _STYLE = "picture.jpg", "style.pth"
_ENTRY_POINT = Path("neural_style/neural_style.py")  # in the folder of the reference
_PRIVATE_PREFIXES = ("PSET_4_", "NEURAL_STYLE_")


@dataclass(frozen=True)
class Workplace:
    """The folder in which all processes run, and their inputs."""

    folder: Path
    weights_path: Path
    picture_path: Path
    painted_path: Path
    threads: int
    reference: Path | None
    """The folder fast_neural_style of pytorch/examples; None for the stand-in."""


@dataclass(frozen=True)
class Program:
    """A command that paints a file."""

    name: str
    title: str
    """Its name in the document, in Markdown."""
    command: Callable[[Workplace], list[str]]
    sizes: tuple[Size, ...]
    find_result: Callable[[Workplace], Path] = lambda place: place.painted_path
    """Return the path of the painted file."""
    find_obstacle: Callable[[], str | None] = lambda: None
    """Return why this machine cannot run it; None if it can."""


def check_reference(folder: Path) -> Path:
    """Return `folder` as an absolute path.

    Raises:
        BenchmarkError: It is not the folder of the reference implementation.
    """
    if not (folder / _ENTRY_POINT).is_file():
        raise BenchmarkError(
            f"the reference script {_ENTRY_POINT.as_posix()} is missing",
            path=folder,
            remedy="name the folder fast_neural_style of pytorch/examples",
        )
    return folder.resolve()


def drop_in(place: Workplace) -> list[str]:
    """Start a new data folder, with the picture and the style as drop-ins.

    Returns:
        The command that publishes and fetches them and paints once, which fills all caches.
    """
    uploads = place.folder / "data" / "uploads"
    shutil.rmtree(place.folder / "data", ignore_errors=True)
    uploads.mkdir(parents=True)
    shutil.copyfile(place.picture_path, uploads / _PICTURE)
    shutil.copyfile(place.weights_path, uploads / _STYLE)
    return _pipeline("main")


def remove_results(program: Program, place: Workplace) -> None:
    """Remove what `program` painted before, and the drop-ins, so that it only has to paint."""
    program.find_result(place).unlink(missing_ok=True)
    for name in ("uploads", "stylized"):
        shutil.rmtree(place.folder / "data" / name, ignore_errors=True)


def environment(place: Workplace) -> dict[str, str]:
    """Return the variables of every process.

    All have the same number of threads and their cache in the workplace. Settings of the user are
    left out.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_PRIVATE_PREFIXES)}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(place.threads)
    )
    return {
        **kept,
        **threads,
        "TORCHINDUCTOR_CACHE_DIR": str(place.folder / "inductor"),
        "TMPDIR": str(place.folder),
        "PYTHONPATH": os.pathsep.join(paths),
    }


def _eval_arguments(place: Workplace) -> list[str]:
    return [
        "eval",
        f"--content-image={place.picture_path}",
        f"--model={place.weights_path}",
        f"--output-image={place.painted_path}",
    ]


def _reference_command(place: Workplace) -> list[str]:
    if place.reference is None:
        return [sys.executable, "-m", "bench.stand_in", *_eval_arguments(place)[1:]]
    return [sys.executable, str(place.reference / _ENTRY_POINT), *_eval_arguments(place)]


def _eval_command(*options: str) -> Callable[[Workplace], list[str]]:
    return lambda place: [
        *(sys.executable, "-m", "neural_style"),
        *_eval_arguments(place),
        f"--threads={place.threads}",
        *options,
    ]


def _pipeline(command: str) -> list[str]:
    return [sys.executable, "-m", "pset_4", command]


def _pipeline_command(place: Workplace) -> list[str]:
    return [*_pipeline("stylize"), "--no-upload", "--image", _PICTURE, "--model", _STYLE]


def _pipeline_result(place: Workplace) -> Path:
    return place.folder / "data" / "stylized" / _STYLE / _PICTURE


def _eval(precision: str, sizes: tuple[Size, ...], memory: str | None = None) -> Program:
    options = [f"--precision={precision}", *([f"--memory={memory}"] if memory else [])]
    shown = " --precision fast" if precision == FAST else ""
    shown += f" --memory {memory}" if memory else ""
    return Program(
        f"{precision}-bounded" if memory else f"{precision}-process",
        f"`neural_style eval{shown}`",
        _eval_command(*options),
        sizes,
        find_obstacle=find_fast_obstacle if precision == FAST else lambda: None,
    )


_PIPELINE = Program(
    PIPELINE_PROGRAM,
    "`pset_4 stylize`, all cached",
    _pipeline_command,
    (SMALL,),
    find_result=_pipeline_result,
)

PROGRAMS = (
    Program(REFERENCE_PROGRAM, "the reference script", _reference_command, (SMALL, PHONE)),
    _eval(EXACT, (SMALL, PHONE)),
    _eval(FAST, (SMALL, PHONE)),
    _eval(EXACT, (LARGE,), BOUND),
    _eval(FAST, (LARGE,), BOUND),
    _PIPELINE,
)
"""All programs, in the order of the table."""
