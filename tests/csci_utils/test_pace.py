"""The lowest speed of a transfer."""

from __future__ import annotations

import time

import pytest

from csci_utils.network.pace import MIN_BYTES_PER_SECOND, Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The current time, as the only item."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_slow_transfer_ends_with_the_period(clock: list[float]) -> None:
    pace = Pace(30)
    for _ in range(5):
        clock[0] += 5
        pace.add(1)

    clock[0] += 5
    with pytest.raises(TimeoutError, match="only 6 bytes arrived in 30 s"):
        pace.add(1)


def test_a_fast_enough_transfer_goes_on(clock: list[float]) -> None:
    pace = Pace(30)

    for _ in range(100):
        clock[0] += 10
        pace.add(10 * MIN_BYTES_PER_SECOND)

    assert pace.patience == 20  # until the end of the period that just began, and was empty


def test_each_period_counts_by_itself(clock: list[float]) -> None:
    pace = Pace(30)
    clock[0] = 30
    pace.add(1_000_000)

    clock[0] = 60
    with pytest.raises(TimeoutError):
        pace.add(1)


def test_patience_ends_with_the_period(clock: list[float]) -> None:
    pace = Pace(30)

    clock[0] = 25
    pace.add(1)

    assert pace.patience == 5


def test_after_enough_bytes_the_whole_period_may_be_silent(clock: list[float]) -> None:
    pace = Pace(30)

    clock[0] = 25
    pace.add(30 * MIN_BYTES_PER_SECOND)

    assert pace.patience == 30
