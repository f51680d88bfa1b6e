"""One call for all threads that want it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from csci_utils.transfers.sharing import SharedCalls
from tests.support.pipeline.programs import wait_until


def run_in_threads(count: int, work: threading.Event, calls: SharedCalls, done: list[int]) -> int:
    """Have one thread call, and others while it does; return how often the work was done."""
    begun = threading.Event()

    def slow() -> None:
        done.append(len(done))
        begun.set()
        work.wait(60)

    first = threading.Thread(target=calls.call, args=("folder", slow))
    first.start()
    begun.wait(60)
    others = [threading.Thread(target=calls.call, args=("folder", slow)) for _ in range(count)]
    for thread in others:
        thread.start()
    wait_until(lambda: len(calls._next) > 0)  # one of them waits for the first
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
    thread = threading.Thread(target=calls.call, args=("one", lambda: entered.wait(60)))
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


@pytest.fixture
def waiting() -> Iterator[tuple[SharedCalls, threading.Event]]:
    """Calls of which one is under way until the event is set, which it is after the test."""
    calls, begun, end = SharedCalls(), threading.Event(), threading.Event()

    def begin() -> None:
        begun.set()
        end.wait(60)

    thread = threading.Thread(target=calls.call, args=("folder", begin))
    thread.start()
    begun.wait(60)
    yield calls, end
    end.set()
    thread.join()


def run_to_end(call: Callable[[], None]) -> bool:
    """Call in a thread, and return whether that ends."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(60)
    return not thread.is_alive()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_interrupt_while_a_call_waits_for_another_leaves_nothing(
    waiting: tuple[SharedCalls, threading.Event],
) -> None:
    calls, end = waiting
    main, done = threading.main_thread().ident or 0, list[str]()

    def interrupt() -> None:
        wait_until(lambda: len(calls._next) > 0)
        signal.pthread_kill(main, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        calls.call("folder", lambda: done.append("interrupted"))
    interrupter.join()
    end.set()

    assert run_to_end(lambda: calls.call("folder", lambda: done.append("later")))
    assert done == ["later"]


def test_who_waits_for_a_call_that_is_interrupted_does_the_work(
    waiting: tuple[SharedCalls, threading.Event],
) -> None:
    calls, end = waiting
    done: list[str] = []

    def be_interrupted() -> None:
        with suppress(KeyboardInterrupt):
            calls.call("folder", fail)

    def fail() -> None:
        raise KeyboardInterrupt

    first = threading.Thread(target=be_interrupted)
    first.start()
    wait_until(lambda: len(calls._next) > 0)
    joined = calls._next["folder"].is_over
    second = threading.Thread(target=calls.call, args=("folder", lambda: done.append("second")))
    joined_wait = joined.wait
    second_waits = threading.Event()

    def wait_and_say() -> bool:
        second_waits.set()
        return joined_wait()

    joined.wait = wait_and_say  # type: ignore[method-assign, assignment]
    second.start()
    second_waits.wait(60)
    end.set()
    first.join()
    second.join(60)

    assert done == ["second"]
