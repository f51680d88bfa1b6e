"""Sending the work to Canvas: the quiz first, because a submission finishes the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import PartialSubmissionError, SubmissionError
from .answers import KEYS, Question, answer_questions
from .canvas import CanvasConnection
from .destination import URL_TYPE, Destination, read_questions
from .work import Work

Step = tuple[str, str]
"""A verb of `PAST`, and its object."""

PAST = {
    "begin": "began",
    "continue": "continued",
    "answer": "answered",
    "leave": "left",
    "complete": "completed",
    "submit": "submitted",
    "comment": "commented",
    "attach": "attached",
}
"""The past tense of each verb of a step."""

_QUIZ, _SUBMISSION, _RESULT = "the quiz", "the submission", "the result"


def plan(
    work: Work, assignment: str, quiz: str | None, found: Destination | None = None
) -> list[Step]:
    """Return the steps of `send`.

    Args:
        work: The work to submit.
        assignment: The name of the assignment.
        quiz: The name of the quiz; None to leave the quiz out.
        found: The destination; None if nothing was looked up.
    """
    steps = [] if quiz is None else _plan_quiz(work, quiz, found)
    if found is None or found.submission_type == URL_TYPE:
        steps += _list_submission(work.url, assignment, work)
        return [*steps, ("attach", work.result_path)]
    return steps + _list_submission(work.result_path, assignment, work)


def _plan_quiz(work: Work, quiz: str, found: Destination | None) -> list[Step]:
    attempt = _name_attempt(quiz, found.number if found else None)
    begin = ("continue" if found and found.attempt else "begin", attempt)
    if found and found.questions is not None:
        answers = _list_answers(found.questions, work)
    else:
        # The course asks for an image by the id "style".
        facts = {**work.facts(), "style": f"{work.model}, or {work.result_path}"}
        answers = [("answer", f"{key}, where asked: {fact}") for key, fact in facts.items()]
    return [begin, *answers, ("complete", attempt)]


def send(
    connection: CanvasConnection, to: Destination, work: Work, progress: Callable[[Step], None]
) -> None:
    """Submit the work.

    Args:
        connection: The connection on which the destination was looked up.
        to: The destination.
        work: The work to submit.
        progress: Called with each step that is done.

    Raises:
        PartialSubmissionError: Canvas did not accept a part.
    """
    _Sender(connection, to, work, progress).send()


class _Sender:
    """Sends the parts of one submission, and remembers which are sent."""

    def __init__(
        self,
        connection: CanvasConnection,
        to: Destination,
        work: Work,
        progress: Callable[[Step], None],
    ) -> None:
        self._connection = connection
        self._to = to
        self._work = work
        self._progress = progress
        self._sent: list[str] = []
        self._unsent = [
            *([_QUIZ] if to.quiz else []),
            _SUBMISSION,
            *([_RESULT] if to.submission_type == URL_TYPE else []),
        ]

    def send(self) -> None:
        if self._to.quiz:
            with self._next_part():
                self._take_quiz(self._to.quiz)
        with self._next_part():
            submission = self._submit()
        if self._unsent:
            with self._next_part():
                self._attach_result(submission)

    @contextmanager
    def _next_part(self) -> Iterator[None]:
        """Count the next part as sent unless an error is raised inside."""
        try:
            with self._connection.translated_errors():
                yield
        except SubmissionError as error:
            sent, unsent = tuple(self._sent), tuple(self._unsent)
            raise PartialSubmissionError(error, sent, unsent) from None
        self._sent.append(self._unsent.pop(0))

    def _take_quiz(self, quiz: Any) -> None:
        attempt = self._to.attempt or quiz.create_submission()
        name = _name_attempt(quiz.title, attempt.attempt)
        self._progress(("continue" if self._to.attempt else "begin", name))
        known = self._to.questions
        questions = read_questions(attempt) if known is None else known
        self._answer(quiz, attempt, questions)
        self._report(_list_answers(questions, self._work))
        attempt.complete()
        self._progress(("complete", name))

    def _answer(self, quiz: Any, attempt: Any, questions: list[Question]) -> None:
        endpoint = f"courses/{self._to.course.id}/quizzes/{quiz.id}/submissions/self/files"
        answers = [
            {
                "id": answer.question.id,
                "answer": self._upload(endpoint) if answer.value is None else answer.value,
            }
            for answer in answer_questions(questions, self._work)
        ]
        attempt.answer_submission_questions(quiz_questions=answers)

    def _submit(self) -> Any:
        course, assignment = self._to.course, self._to.assignment
        form: dict[str, object] = {"submission_type": self._to.submission_type}
        if self._to.submission_type == URL_TYPE:
            sent = form["url"] = self._work.url
        else:
            sent = self._work.result_path
            endpoint = f"courses/{course.id}/assignments/{assignment.id}/submissions/self/files"
            form["file_ids"] = [self._upload(endpoint)]
        submission = assignment.submit(form, comment={"text_comment": self._work.comment()})
        self._report(_list_submission(sent, assignment.name, self._work))
        return submission

    def _attach_result(self, submission: Any) -> None:
        file_id = self._upload(
            f"courses/{submission.course_id}/assignments/{submission.assignment_id}"
            f"/submissions/{submission.user_id}/comments/files"
        )
        # Without the attempt, Canvas would show the comment beside the first one.
        submission.edit(comment={"file_ids": [file_id], "attempt": submission.attempt})
        self._progress(("attach", self._work.result_path))

    def _upload(self, endpoint: str) -> int:
        return self._connection.upload(endpoint, self._work.result_path)

    def _report(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._progress(step)


def _list_answers(questions: Iterable[Question], work: Work) -> list[Step]:
    questions = list(questions)
    steps = [
        ("answer", f"{answer.question.key}: {answer.shown}")
        for answer in answer_questions(questions, work)
    ]
    return steps + [
        ("leave", f"{question.name}, which asks for none of {', '.join(KEYS)}")
        for question in questions
        if question.key is None
    ]


def _list_submission(sent: str, assignment: str, work: Work) -> list[Step]:
    return [("submit", f"{sent} to the assignment {assignment}"), ("comment", work.comment())]


def _name_attempt(quiz: str, number: int | None) -> str:
    return f"attempt {number} of the quiz {quiz}" if number else f"an attempt of the quiz {quiz}"
