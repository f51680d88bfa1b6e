"""The tests that `docs/promises.md` names exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


@cache
def list_tests(path: Path) -> set[str]:
    """Return the names of the test functions in a file."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def read_rows() -> list[list[str]]:
    """Return the cells of each promise: number, case, promise, tests, whether it is shown."""
    lines = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if re.match(r"\| \d", line)]


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall((ROOT / "docs" / "promises.md").read_text(encoding="utf-8"))

    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / "tests" / path).is_file() or name not in list_tests(ROOT / "tests" / path)
    ]

    assert len(named) > 50
    assert missing == []


@pytest.mark.parametrize("number", range(1, 26))
def test_every_promise_names_its_tests_and_whether_they_show_it(number: int) -> None:
    row = read_rows()[number - 1]

    assert row[0] == str(number)
    assert NAMED.search(row[3])
    assert row[4].startswith(("Yes", "Partly", "Almost not"))
