"""The table at the end of a soak, and its document."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.reliability.report import add_up, format_table
from tests.support.reliability.tally import Tally

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


def test_a_soak_writes_what_its_tests_counted(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    options = ("-p", "tests.support.reliability.plugin", "--soak-seed=7", "--soak-report=page.md")

    result = pytester.runpytest_inprocess(*options)

    result.assert_outcomes(passed=2, failed=1)
    page = Path("page.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith(("| kills", "| races", "| seed"))]
    assert rows == [
        "| seed | 7 |",
        "| kills | 1 | 1,001 | 998 | 2 | 1 | 0 |",
        "| races | none | 7 | 7 | 0 | 0 | 0 |",
    ]
    assert rows[1] in result.stdout.lines
