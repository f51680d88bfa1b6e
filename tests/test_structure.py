"""The limits on the structure of the packages: `tools/structure.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "tools" / "structure.py"

TYPED = '''
def typed(number: int) -> int:
    """Return the number.

    It is as it was.
    """
    return number
'''
UNTYPED = "def _untyped(number):\n    return number\n"
LONG_FUNCTION = "def _long() -> None:\n" + "    pass\n" * 20


def run_script(*folders: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, (SCRIPT, *folders))]
    return subprocess.run(command, capture_output=True, text=True)


def write_package(folder: Path, **modules: str) -> Path:
    """Write a package of `modules` by their names, with an ``__init__.py`` of one line."""
    package = folder / "made_up"
    package.mkdir()
    for name, text in {"__init__": '"""A package."""\n', **modules}.items():
        (package / f"{name}.py").write_text(text)
    return package


def test_table_counts_lines_without_docstrings_and_shares_of_functions(tmp_path: Path) -> None:
    package = write_package(tmp_path, one=TYPED + UNTYPED)

    outcome = run_script(package)

    row = next(line for line in outcome.stdout.splitlines() if line.startswith("made_up "))
    # Two functions of two lines; of three public names, the module `one` has no docstring.
    assert " ".join(row.split()) == "made_up 2 2 2 2 50.0% 66.7% 9 made_up/one.py"
    assert outcome.returncode == 0


@pytest.mark.parametrize(
    ("modules", "problem"),
    [
        ({f"module_{n}": "" for n in range(14)}, "made_up: 15 modules; the limit is 14"),
        ({"large": "\n" * 301}, "made_up/large.py: 301 lines; the limit is 300"),
        (
            {"long": TYPED * 9 + LONG_FUNCTION * 2},
            "made_up: 21 lines in the 90th percentile of functions; the limit is 18",
        ),
        (
            {"one": "from . import two\n", "two": "from made_up.one import x\n"},
            "import cycle: made_up.one <-> made_up.two",
        ),
        (
            {"__init__": "from .one import x\n", "one": "from . import y\n"},
            "import cycle: made_up <-> made_up.one",
        ),
    ],
)
def test_package_past_a_limit_fails(modules: dict[str, str], problem: str, tmp_path: Path) -> None:
    package = write_package(tmp_path, **modules)

    outcome = run_script(package)

    assert (outcome.stderr, outcome.returncode) == (f"{problem}\n", 1)


def test_median_function_past_its_limit_fails(tmp_path: Path) -> None:
    package = write_package(tmp_path, long="def f() -> None:\n" + "    pass\n" * 7)

    outcome = run_script(package)

    assert outcome.stderr == "made_up: 8 lines in the median function; the limit is 6\n"


@pytest.mark.parametrize(
    "deferred",
    [
        "def f() -> None:\n    from . import one\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import one\n",
    ],
)
def test_deferred_imports_make_a_cycle_that_is_only_listed(deferred: str, tmp_path: Path) -> None:
    package = write_package(tmp_path, one="from . import two\n", two=deferred)

    outcome = run_script(package)

    assert "made_up.one <-> made_up.two (deferred)" in outcome.stdout
    assert outcome.returncode == 0


def test_module_that_imports_its_own_package_is_no_cycle(tmp_path: Path) -> None:
    package = write_package(tmp_path, one="from . import two\n", two="import made_up\n")

    outcome = run_script(package)

    assert outcome.stdout.endswith("import cycles\nnone\n")
