"""Answers to the questions of a quiz, in the form that each type of question takes.

The course marks a question by an id in its HTML: ``<p id="hours">How many hours ...</p>``. The
types of questions and the form of their answers are those of Canvas's "Quiz Submission Questions"
API (https://canvas.instructure.com/doc/api/quiz_submission_questions.html).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from ..errors import SubmissionError
from . import HOURS_VARIABLE
from .work import Work

KEYS = ("commit", "clean", "hours", "style")
"""The ids that mark the questions with a known answer."""

_TEXT_TYPES = ("short_answer_question", "essay_question")
_NUMBER_TYPES = ("numerical_question", "calculated_question")
_CHOICE_TYPES = ("multiple_choice_question", "true_false_question")
_FILE_TYPE = "file_upload_question"

_HTML_ID = re.compile(r"""<[^>]*\sid=["']?([\w-]+)""")

# Hours as people write them: 12, 12.5, 10-15, 15+, each perhaps with a unit.
_HOURS = re.compile(
    r"(?P<low>\d+(?:\.\d+)?)\s*(?:(?P<more>\+)|[-\u2013]\s*(?P<high>\d+(?:\.\d+)?))?\s*(?:h|hours?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Question:
    """A question of a quiz."""

    id: int
    """The id of the question on Canvas."""
    name: str
    """The title of the question."""
    kind: str
    """The type of the question, in Canvas's words."""
    text: str
    """The question itself, as HTML."""
    choices: Mapping[str, int]
    """The id of each choice by its text; empty for questions without choices."""

    @property
    def key(self) -> str | None:
        """The one of `KEYS` that an id in the HTML, or else the name, equals; None if none does."""
        marks = [*_HTML_ID.findall(self.text), self.name.strip()]
        return next((mark.lower() for mark in marks if mark.lower() in KEYS), None)


@dataclass(frozen=True)
class Answer:
    """The answer to a question."""

    question: Question
    """The question that it answers."""
    shown: str
    """The answer as people read it."""
    value: str | int | None
    """The answer as Canvas takes it; None for the result, which has an id only once uploaded."""


def answer_questions(questions: Iterable[Question], work: Work) -> list[Answer]:
    """Return the answers to all questions that have a key.

    Raises:
        SubmissionError: One of them cannot be answered, or no question has a key.
    """
    answers = [answer_question(question, work) for question in questions if question.key]
    if not answers:
        raise SubmissionError(
            f"the quiz has no question about any of {', '.join(KEYS)}", remedy="name another quiz"
        )
    return answers


def answer_question(question: Question, work: Work) -> Answer:
    """Return the answer to a question that has a key.

    Raises:
        SubmissionError: The answer is unknown or not among the choices, or Canvas takes no such
            answer to this type of question.
    """
    known = work.facts().get(question.key or "")
    if known is None:
        raise SubmissionError(
            "the quiz asks for hours", remedy=f"give --hours, or set {HOURS_VARIABLE}"
        )
    if question.kind == _FILE_TYPE and question.key == "style":
        return Answer(question, work.result_path, None)
    answer = _answer_with_text(question, str(known))
    if answer is None:
        raise SubmissionError(
            f"the quiz asks for {question.key} by a {question.kind}, which takes no {str(known)!r}",
            remedy="give --no-quiz, and take the quiz in a browser",
        )
    return answer


def _answer_with_text(question: Question, text: str) -> Answer | None:
    """Return the answer in the form of the question's type; None if it has none."""
    if question.kind in _CHOICE_TYPES:
        return _answer_with_choice(question, text)
    if question.kind in _TEXT_TYPES:
        return Answer(question, text, text)
    if question.kind in _NUMBER_TYPES and (hours := _parse_hours(text)) and hours[0] == hours[1]:
        number = f"{hours[0]:g}"
        return Answer(question, number, number)
    return None


def _answer_with_choice(question: Question, text: str) -> Answer:
    choice = _find_choice(question, text)
    if choice is None:
        raise SubmissionError(
            f"the quiz asks for {question.key}, and {text!r} is not one of its choices",
            remedy=f"choose from {', '.join(map(repr, question.choices))}",
        )
    return Answer(question, choice, question.choices[choice])


def _find_choice(question: Question, text: str) -> str | None:
    """Return the choice that equals the text or, for hours, includes them."""
    accepted = {text.casefold()}
    if question.key == "style":
        accepted.add(PurePath(text).stem.casefold())
    for choice in question.choices:
        if choice.strip().casefold() in accepted:
            return choice
    return _find_range(question.choices, text) if question.key == "hours" else None


def _find_range(choices: Iterable[str], text: str) -> str | None:
    """Return the lowest choice that includes the hours: 0-5 before 5-10 for 5."""
    hours = _parse_hours(text)
    if hours is None:
        return None
    ranges = {choice: parsed for choice in choices if (parsed := _parse_hours(choice))}
    for choice, (low, high) in sorted(ranges.items(), key=lambda item: item[1]):
        if low <= hours[0] and hours[1] <= high:
            return choice
    return None


def _parse_hours(text: str) -> tuple[float, float] | None:
    """Return the least and the most hours that a text means; None if it means none."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        return None
    low = float(match["low"])
    return low, math.inf if match["more"] else float(match["high"] or low)
