"""How many threads paint by default."""

from __future__ import annotations

import os

import pytest

from neural_style.system.resources import THREADS_VARIABLE, count_threads


@pytest.mark.parametrize(("value", "threads"), [("3", 3), ("2,1", 2), (" 5 ", 5)])
def test_the_variable_of_openmp_sets_the_number_of_threads(
    value: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, value)

    assert count_threads() == threads


@pytest.mark.parametrize("value", ["", "0", "many"])
def test_without_the_variable_each_core_gets_at_most_one_thread(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, value)

    assert 1 <= count_threads() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no processes")
def test_only_cores_that_may_be_used_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(THREADS_VARIABLE, raising=False)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert count_threads() == 1
    finally:
        os.sched_setaffinity(0, before)
