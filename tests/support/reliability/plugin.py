"""Part of pytest in these tests: the seed of a soak, and what its tests tried."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from .report import Part, add_up, format_table
from .tally import Tally

_TALLIES = pytest.StashKey[list[Tally]]()
_PROPERTY, _SEED = "tally", "soak_seed"
_START = time.monotonic()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options."""
    group = parser.getgroup("soak")
    group.addoption("--soak-seed", type=int, help="repeat the random choices of a soak")
    group.addoption("--soak-log", type=Path, help="the file to add what was tried to")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed, unless it is given."""
    given = getattr(config, "workerinput", {}).get(_SEED, config.option.soak_seed)
    config.option.soak_seed = random.randrange(10**6) if given is None else given


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the seed to a process of xdist."""
    node.workerinput[_SEED] = node.config.option.soak_seed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the campaigns, which are long, so that no process is left with them alone."""
    items.sort(key=lambda item: count.__name__ not in getattr(item, "fixturenames", ()))


@pytest.fixture
def soak_seed(request: pytest.FixtureRequest) -> int:
    """What the random choices of a long test depend on: another number in each soak."""
    return int(request.config.option.soak_seed)


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Callable[..., Tally]:
    """Creates a `Tally` of the test."""

    def start(campaign: str, seed: int | None = None) -> Tally:
        tally = Tally(campaign, seed)
        request.node.stash.setdefault(_TALLIES, []).append(tally)
        return tally

    return start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the tallies of a test to its report, which xdist sends to the main process."""
    report = yield
    if call.when == "call":
        for tally in item.stash.get(_TALLIES, []):
            tally.silent, tally.seconds = int(report.failed), report.duration
            report.user_properties.append((_PROPERTY, asdict(tally)))
    return report


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Print the table, and add it to the log if there is an option for it."""
    reports = [
        report
        for key in ("passed", "failed")
        for report in terminalreporter.stats.get(key, [])
        if report.when == "call"
    ]
    pairs = [pair for report in reports for pair in report.user_properties]
    tallies = [Tally(**value) for name, value in pairs if name == _PROPERTY]
    if not tallies:
        return
    terminalreporter.write_sep("=", f"campaigns, with the seed {config.option.soak_seed}")
    terminalreporter.write_line(format_table(add_up(tallies)))
    if config.option.soak_log:
        part = Part(
            config.option.soak_seed,
            len(reports),
            sum(report.failed for report in reports),
            time.monotonic() - _START,
            tallies,
        )
        with config.option.soak_log.open("a", encoding="utf-8") as file:
            file.write(f"{part.to_json()}\n")
