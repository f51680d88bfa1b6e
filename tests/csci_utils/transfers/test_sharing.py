"""One call for all threads that want it."""

from __future__ import annotations

import threading

import pytest

from csci_utils.transfers.sharing import SharedCalls


def run_in_threads(count: int, work: threading.Event, calls: SharedCalls, done: list[int]) -> int:
    """Have one thread call, and others while it does; return how often the work was done."""
    begun = threading.Event()

    def slow() -> None:
        done.append(len(done))
        begun.set()
        work.wait(10)

    first = threading.Thread(target=calls.call, args=("folder", slow))
    first.start()
    begun.wait(10)
    others = [threading.Thread(target=calls.call, args=("folder", slow)) for _ in range(count)]
    for thread in others:
        thread.start()
    while len(calls._next) == 0:  # until one of them waits for the first
        pass
    work.set()
    for thread in (first, *others):
        thread.join()
    return len(done)


def test_one_call_serves_all_who_asked_before_it_began() -> None:
    assert 2 <= run_in_threads(8, threading.Event(), SharedCalls(), []) <= 9


def test_who_asks_during_a_call_is_not_served_by_it() -> None:
    assert run_in_threads(1, threading.Event(), SharedCalls(), []) == 2


def test_other_work_waits_for_nothing() -> None:
    calls, entered = SharedCalls(), threading.Event()
    thread = threading.Thread(target=calls.call, args=("one", lambda: entered.wait(10)))
    thread.start()

    calls.call("other", entered.set)
    thread.join()

    assert entered.is_set()


def test_an_error_reaches_its_caller_and_no_later_one() -> None:
    calls = SharedCalls()

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        calls.call("folder", fail)
    calls.call("folder", lambda: None)
