"""The table at the end of a soak, and its document."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.reliability.report import add_up, format_table
from tests.support.reliability.tally import Tally

ROOT = Path(__file__).resolve().parents[3]
TESTS = """
def test_good(count):
    tally = count("kills", 1)
    tally.tried, tally.refused = 1000, 2

def test_bad(count):
    count("kills", 2).tried += 1
    assert False

def test_another(count, soak_seed):
    count("races").tried = soak_seed
"""


def test_tests_of_a_campaign_are_added_up() -> None:
    tallies = [Tally("races", 1, 5, 1, 0, 2.0), Tally("kills", 2), Tally("races", 3, 6, 2, 1, 3.0)]

    table = format_table(add_up(tallies)).splitlines()

    assert table[2:] == ["| kills | 2 | 0 | 0 | 0 | 0 | 0 |", "| races | 1 | 11 | 7 | 3 | 1 | 5 |"]


def test_the_parts_of_a_soak_make_one_page(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    options = ("-p", "tests.support.reliability.plugin", "--soak-seed=7", "--soak-log=log")
    program = [sys.executable, "-m", "tests.support.reliability.report", "log", "page.md"]

    for kept, found in (("good", {"passed": 1}), ("another or bad", {"passed": 1, "failed": 1})):
        result = pytester.runpytest_inprocess(*options, "-k", kept)
        result.assert_outcomes(**found, deselected=3 - sum(found.values()))
    ending = subprocess.run(program, env={**os.environ, "PYTHONPATH": str(ROOT)})

    assert ending.returncode == 1
    page = Path("page.md").read_text()
    shown = ("| kills", "| races", "| seed", "| tests")
    rows = [line for line in page.splitlines() if line.startswith(shown)]
    assert rows == [
        "| seed | 7 |",
        "| tests | 3, of which 1 failed |",
        "| kills | 1 | 1,001 | 998 | 2 | 1 | 0 |",
        "| races | none | 7 | 7 | 0 | 0 | 0 |",
    ]
    assert rows[-1] in result.stdout.lines


def test_campaigns_come_first(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_short(): pass\n" + TESTS)

    result = pytester.runpytest_inprocess("-p", "tests.support.reliability.plugin", "--co", "-q")

    names = [line.partition("::")[2] for line in result.stdout.lines if "::" in line]
    assert names == ["test_good", "test_bad", "test_another", "test_short"]
