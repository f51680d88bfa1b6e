"""The installed engine is current, and the engine stays within its memory under sanitizers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest

from csci_utils.errors import BusyError
from csci_utils.locking import open_locked
from tests.support.reliability.tally import Count

ROOT = Path(__file__).resolve().parents[3]
ENGINE = ROOT / "neural_style" / "engine"
SOURCES = [ROOT / "CMakeLists.txt", *ENGINE.rglob("*.cpp"), *ENGINE.rglob("*.h")]
HEADER = Path(sysconfig.get_path("include")) / "Python.h"

Fuzz = Callable[..., int]

SOAK_SECONDS = 120
"""Of processor time, in which no processor paints all cases of a soak."""

needs_compiler = pytest.mark.skipif(
    shutil.which("c++") is None or not HEADER.exists(), reason="needs a C++ compiler and Python.h"
)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_compiler
def test_the_engine_is_installed_where_there_is_a_compiler() -> None:
    import_module("neural_style.engine._core")


def test_the_installed_engine_is_not_older_than_its_sources() -> None:
    module = pytest.importorskip("_neural_style_engine", exc_type=ImportError)
    compiled = Path(module.__file__).stat().st_mtime

    newer = [path.name for path in SOURCES if path.stat().st_mtime > compiled]

    assert not newer, f"changed since the engine was compiled: {newer}; run make install"


@pytest.fixture(scope="module")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the last build, of which only what has changed is compiled again.

    A new one if another run uses that one, or if it belongs to another user.
    """
    folder = ROOT / "build" / "sanitized"
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(open_locked(str(folder / "lock")))
        except (BusyError, OSError):
            folder = tmp_path_factory.mktemp("sanitized")
        yield folder


@pytest.fixture(scope="module")
def fuzz(build_folder: Path) -> Fuzz:
    """Build `fuzz.cpp` with sanitizers, and return a function of what it is told.

    These are a number of cases, a seed, and optionally the seconds of processor time after which no
    case begins. It returns the number of cases.
    """
    if shutil.which("cmake") is None:
        pytest.skip("needs cmake on the path")
    options = ("-DENGINE_FUZZ=ON", "-DENGINE_SANITIZE=ON")
    configured = run("cmake", "-S", ROOT, "-B", build_folder, *options)
    if configured.returncode != 0:
        pytest.skip(f"needs a C++ compiler with sanitizers: {configured.stderr}")
    built = run("cmake", "--build", build_folder, "--parallel", str(os.cpu_count()))
    assert built.returncode == 0, built.stdout + built.stderr

    def run_fuzz(*options: int) -> int:
        result = run(build_folder / "fuzz", *map(str, options))
        assert result.returncode == 0, result.stdout + result.stderr
        return int(result.stdout.splitlines()[-1].split()[2])

    return run_fuzz


def test_the_engine_keeps_to_its_memory_and_its_kernels_agree(fuzz: Fuzz) -> None:
    assert fuzz(1, 2) == 1


@pytest.mark.soak
def test_the_engine_keeps_to_its_memory_on_many_pictures(
    fuzz: Fuzz, soak_seed: int, count: Count
) -> None:
    tally = count("engine, under sanitizers", soak_seed)

    tally.tried = fuzz(1000, soak_seed, SOAK_SECONDS)
