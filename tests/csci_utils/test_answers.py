"""Answers that are asked for once, and may be forgotten meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from csci_utils.answers import Answers

Change = Callable[[Answers[int]], None]
CHANGES: dict[str, Change] = {
    "forget": lambda answers: answers.forget("path"),
    "forget all": lambda answers: answers.forget_all(),
}


def test_the_same_is_asked_once() -> None:
    answers, numbers = Answers[int](), count()

    assert [answers.get("path", lambda: next(numbers)) for _ in range(3)] == [0, 0, 0]
    assert answers.get("other", lambda: next(numbers)) == 1
    assert (answers.known("path"), answers.known("unknown")) == (0, None)


def test_none_is_an_answer() -> None:
    answers, asked = Answers[None](), []
    for _ in range(2):
        answers.get("path", lambda: asked.append(1))

    assert asked == [1]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_forgotten_is_asked_again(change: Change) -> None:
    answers = Answers[int]()
    answers.keep("path", 1)

    change(answers)

    assert answers.get("path", lambda: 2) == 2


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_answer_that_is_forgotten_while_it_arrives_is_not_remembered(change: Change) -> None:
    answers = Answers[int]()

    def ask() -> int:
        change(answers)
        return 1

    assert answers.get("path", ask) == 1
    assert answers.known("path") is None
    assert answers.get("path", lambda: 2) == 2


def test_what_a_writer_knows_outlives_a_question_that_began_before() -> None:
    answers = Answers[int]()

    def ask() -> int:
        answers.keep("path", 2)
        return 1

    answers.get("path", ask)

    assert answers.known("path") == 2


def test_an_error_is_not_remembered() -> None:
    answers = Answers[int]()
    with pytest.raises(ZeroDivisionError):
        answers.get("path", lambda: 1 // 0)

    assert answers.known("path") is None
    assert answers.get("path", lambda: 2) == 2


def test_an_answer_that_is_asked_for_anew_replaces_an_earlier_one() -> None:
    answers = Answers[int]()
    answers.keep("path", 1)

    take = answers.expect("path")

    assert answers.known("path") == 1
    take(2)
    assert answers.known("path") == 2


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_expected_answer_that_is_forgotten_meanwhile_is_not_remembered(change: Change) -> None:
    answers = Answers[int]()
    take = answers.expect("path")
    change(answers)

    take(1)

    assert answers.known("path") is None
