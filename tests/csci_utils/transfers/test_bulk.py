"""Many items in many threads."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from csci_utils.transfers import work_on_many

NAME: ContextVar[str] = ContextVar("NAME", default="nobody")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What work waits for; open after the test, so that no thread is left."""
    event = threading.Event()
    yield event
    event.set()


def divide(number: int) -> float:
    return 12 / number


def test_an_item_that_fails_does_so_alone() -> None:
    outcomes = {each.item: each for each in work_on_many(divide, range(4))}

    assert {item: each.result for item, each in outcomes.items()} == {0: None, 1: 12, 2: 6, 3: 4}
    assert isinstance(outcomes[0].error, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        outcomes[0].get()


def test_items_are_taken_only_as_they_are_needed() -> None:
    items = itertools.count(1)

    outcomes = work_on_many(divide, items, threads=3)
    for _ in range(10):
        next(outcomes)

    assert next(items) <= 10 + 3 * 2 + 1


def test_items_are_worked_on_at_once(gate: threading.Event) -> None:
    barrier = threading.Barrier(5, timeout=60)

    outcomes = list(work_on_many(lambda _: barrier.wait(), range(5), threads=5))

    assert all(each.error is None for each in outcomes)


def test_nothing_is_begun_after_the_caller_has_stopped(gate: threading.Event) -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number:
            gate.wait()

    outcomes = work_on_many(work, range(10), threads=2)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    gate.set()
    time.sleep(0.1)

    assert len(begun) <= 3


def test_an_interrupt_waits_for_nobody(gate: threading.Event) -> None:
    finished: list[int] = []

    def work(number: int) -> None:
        if number == 2:
            os.kill(os.getpid(), signal.SIGINT)
        gate.wait(60)
        finished.append(number)

    with pytest.raises(KeyboardInterrupt):
        list(work_on_many(work, range(3)))

    assert finished == []


def test_work_sees_the_context_of_the_caller() -> None:
    token = NAME.set("somebody")
    try:
        outcomes = list(work_on_many(lambda _: NAME.get(), range(3)))
    finally:
        NAME.reset(token)

    assert [each.result for each in outcomes] == ["somebody"] * 3


def test_an_interrupt_in_a_thread_reaches_the_caller() -> None:
    def be_interrupted(number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(work_on_many(be_interrupted, range(3)))
