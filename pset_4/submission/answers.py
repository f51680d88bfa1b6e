"""What a quiz's questions ask for, and the answers in the form that each kind of question takes.

The course marks a question by an id in its HTML: ``<p id="hours">How many hours ...</p>``. The
kinds, and what each takes, are those of Canvas's "Quiz Submission Questions" API.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from ..errors import HandInError
from . import HOURS_VARIABLE
from .work import Work

KEYS = ("commit", "clean", "hours", "style")
"""The ids of the questions that can be answered."""

TEXT_KINDS = ("short_answer_question", "essay_question")
NUMBER_KINDS = ("numerical_question", "calculated_question")
CHOICE_KINDS = ("multiple_choice_question", "true_false_question")
FILE_KIND = "file_upload_question"

HTML_ID = re.compile(r"""<[^>]*\sid=["']?([\w-]+)""")

SPAN = re.compile(
    r"(?P<low>\d+(?:\.\d+)?)\s*(?:(?P<more>\+)|[-\u2013]\s*(?P<high>\d+(?:\.\d+)?))?\s*(?:h|hours?)?",
    re.IGNORECASE,
)
"""Hours as people write them: 12, 12.5, 10-15, 15+."""


@dataclass(frozen=True)
class Question:
    """A question of a quiz."""

    id: int
    name: str
    kind: str
    text: str
    """HTML."""
    choices: Mapping[str, int]
    """The id of each choice, by its text; empty where there is nothing to choose."""

    @property
    def key(self) -> str | None:
        """Which of `KEYS` it asks for: by an id in its HTML, else by its name."""
        marks = [*HTML_ID.findall(self.text), self.name.strip()]
        return next((mark.lower() for mark in marks if mark.lower() in KEYS), None)


@dataclass(frozen=True)
class Answer:
    """What a question is answered."""

    question: Question
    shown: str
    """As people read it."""
    value: str | int | None
    """As Canvas takes it; None for the picture, whose id is known once it is there."""


def answer_all(questions: Iterable[Question], work: Work) -> list[Answer]:
    """Answers to those of the questions that ask for what is known here.

    Raises:
        HandInError: one of them cannot be answered, or none asks for what is known.
    """
    answers = [answer(question, work) for question in questions if question.key]
    if not answers:
        raise HandInError(f"the quiz asks for none of {', '.join(KEYS)}: is it the right one?")
    return answers


def answer(question: Question, work: Work) -> Answer:
    """The answer to a question that has a key.

    Raises:
        HandInError: it is not known, is not among the choices, or the kind of question takes none.
    """
    known = work.facts().get(question.key or "")
    if known is None:
        raise HandInError(f"the quiz asks for hours: give --hours, or set {HOURS_VARIABLE}")
    if question.kind == FILE_KIND and question.key == "style":
        return Answer(question, work.picture_path, None)
    text = str(known)
    if question.kind in TEXT_KINDS:
        return Answer(question, text, text)
    if question.kind in NUMBER_KINDS and (span := _parse_span(text)) and span[0] == span[1]:
        number = f"{span[0]:g}"
        return Answer(question, number, number)
    if question.kind in CHOICE_KINDS:
        choice = _choose(question, text)
        if choice is None:
            raise HandInError(
                f"the quiz asks for {question.key}, and {text!r} is none of its choices: "
                f"{', '.join(map(repr, question.choices))}"
            )
        return Answer(question, choice, question.choices[choice])
    raise HandInError(
        f"the quiz asks for {question.key} by a {question.kind}, which {text!r} does not answer"
    )


def _choose(question: Question, text: str) -> str | None:
    """The text of the choice that says the same."""
    same = {text.casefold()}
    if question.key == "style":
        same.add(PurePath(text).stem.casefold())
    for choice in question.choices:
        if choice.strip().casefold() in same:
            return choice
    return _choose_span(question.choices, text) if question.key == "hours" else None


def _choose_span(choices: Iterable[str], text: str) -> str | None:
    """The choice that the hours fall into: of 0-5 and 5-10 the first, for 5."""
    wanted = _parse_span(text)
    if wanted is None:
        return None
    spans = {choice: span for choice in choices if (span := _parse_span(choice))}
    for choice, (low, high) in sorted(spans.items(), key=lambda item: item[1]):
        if low <= wanted[0] and wanted[1] <= high:
            return choice
    return None


def _parse_span(text: str) -> tuple[float, float] | None:
    match = SPAN.fullmatch(text.strip())
    if match is None:
        return None
    low = float(match["low"])
    return low, math.inf if match["more"] else float(match["high"] or low)
