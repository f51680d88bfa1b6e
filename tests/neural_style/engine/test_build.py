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

IN_SECONDS = (
    "-DCMAKE_BUILD_TYPE=None",
    "-DCMAKE_CXX_FLAGS=-fsanitize=address,undefined -fno-sanitize-recover=all",
    "-DFOR_X86=OFF",
)
"""Options of a build that takes a quarter as long: not optimized, and without kernels of x86."""

Fuzz = Callable[..., int]

SOAK_SECONDS = 60
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
def make_fuzz(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Fuzz]]:
    """Builds `fuzz.cpp` with options of CMake, and returns a function of what it is told.

    These are a number of cases, a seed, and optionally the seconds of processor time after which no
    case begins. It returns the number of cases.
    """
    if shutil.which("cmake") is None:
        pytest.skip("needs cmake on the path")

    with ExitStack() as stack:

        def make(name: str, *options: str) -> Fuzz:
            folder = find_folder(name, stack, tmp_path_factory)
            return build(folder, *options)

        yield make


def find_folder(name: str, locks: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the last build, of which only what has changed is compiled again.

    A new one if another run uses that one, or if it belongs to another user.
    """
    folder = ROOT / "build" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        locks.enter_context(open_locked(str(folder / "lock")))
    except (BusyError, OSError):
        return tmp_path_factory.mktemp(name)
    return folder


def build(folder: Path, *options: str) -> Fuzz:
    configured = run("cmake", "-S", ROOT, "-B", folder, "-DENGINE_FUZZ=ON", *options)
    if configured.returncode != 0:
        pytest.skip(f"needs a C++ compiler with sanitizers: {configured.stderr}")
    built = run("cmake", "--build", folder, "--parallel", str(os.cpu_count()))
    assert built.returncode == 0, built.stdout + built.stderr

    def run_fuzz(*options: int) -> int:
        result = run(folder / "fuzz", *map(str, options))
        assert result.returncode == 0, result.stdout + result.stderr
        return int(result.stdout.splitlines()[-1].split()[2])

    return run_fuzz


def test_the_engine_keeps_to_its_memory_and_its_kernels_agree(
    make_fuzz: Callable[..., Fuzz],
) -> None:
    fuzz = make_fuzz("sanitized-quickly", *IN_SECONDS)

    assert fuzz(1, 7) == 1


@pytest.mark.soak
def test_the_engine_keeps_to_its_memory_on_many_pictures(
    make_fuzz: Callable[..., Fuzz], soak_seed: int, count: Count
) -> None:
    tally = count("engine, under sanitizers", soak_seed)
    fuzz = make_fuzz("sanitized", "-DENGINE_SANITIZE=ON")

    tally.tried = fuzz(1000, soak_seed, SOAK_SECONDS)
