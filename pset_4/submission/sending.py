"""Sending the work: the quiz first, as the course has it, so that the submission comes last."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import HandInError
from .answers import KEYS, Question, answer_all
from .canvas import Connection
from .destination import ADDRESS_TYPE, Destination, read_questions
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

QUIZ, SUBMISSION, PICTURE = "the quiz", "the submission", "the picture"


def plan(
    work: Work, assignment: str, quiz: str | None, found: Destination | None = None
) -> list[Step]:
    """The steps of `send`.

    Args:
        work: what is handed in.
        assignment: the assignment's name.
        quiz: the quiz's name; None for none.
        found: what is known of them; None if nobody looked.
    """
    steps: list[Step] = []
    if quiz is not None:
        attempt = _name_attempt(quiz, found.number if found else None)
        steps.append(("continue" if found and found.attempt else "begin", attempt))
        if found and found.questions is not None:
            steps += _list_answers(found.questions, work)
        else:
            # The course asks for a picture by the id "style".
            facts = {**work.facts(), "style": f"{work.model}, or {work.picture_path}"}
            steps += [("answer", f"{key}, where asked: {fact}") for key, fact in facts.items()]
        steps.append(("complete", attempt))
    if found is None or found.submission_type == ADDRESS_TYPE:
        return [
            *steps,
            *_list_submission(work.url, assignment, work),
            ("attach", work.picture_path),
        ]
    return [*steps, *_list_submission(work.picture_path, assignment, work)]


def send(
    connection: Connection, to: Destination, work: Work, report: Callable[[Step], None]
) -> None:
    """Hand the work in.

    Args:
        connection: to the server that `to` was looked up on.
        to: where it goes.
        work: what goes there.
        report: called with each step that is done.

    Raises:
        HandInError: a part was not taken; the message tells what is sent and what is not.
    """
    with_address = to.submission_type == ADDRESS_TYPE
    parts = _Parts(
        connection, [*([QUIZ] if to.quiz else []), SUBMISSION, *([PICTURE] if with_address else [])]
    )
    if to.quiz:
        with parts.sending():
            _take_quiz(connection, to, work, report)
    with parts.sending():
        submission = _submit(connection, to, work, report)
    if with_address:
        with parts.sending():
            _attach(connection, submission, work)
        report(("attach", work.picture_path))


class _Parts:
    """Which parts are sent, and which are not."""

    def __init__(self, connection: Connection, names: list[str]) -> None:
        self._connection = connection
        self._left = names
        self._sent: list[str] = []

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send the next part; an error tells where that leaves us."""
        try:
            with self._connection.talking():
                yield
        except HandInError as error:
            sent, left = (", ".join(names) or "nothing" for names in (self._sent, self._left))
            raise HandInError(f"{error}; sent: {sent}; not sent: {left}") from None
        self._sent.append(self._left.pop(0))


def _take_quiz(
    connection: Connection, to: Destination, work: Work, report: Callable[[Step], None]
) -> None:
    quiz: Any = to.quiz
    attempt = to.attempt or quiz.create_submission()
    name = _name_attempt(quiz.title, attempt.attempt)
    report(("continue" if to.attempt else "begin", name))
    questions = read_questions(attempt) if to.questions is None else to.questions
    answers = answer_all(questions, work)
    files = f"courses/{to.course.id}/quizzes/{quiz.id}/submissions/self/files"
    attempt.answer_submission_questions(
        quiz_questions=[
            {
                "id": answer.question.id,
                "answer": (
                    connection.upload(files, work.picture_path)
                    if answer.value is None
                    else answer.value
                ),
            }
            for answer in answers
        ]
    )
    for step in _list_answers(questions, work):
        report(step)
    attempt.complete()
    report(("complete", name))


def _submit(
    connection: Connection, to: Destination, work: Work, report: Callable[[Step], None]
) -> Any:
    form: dict[str, Any] = {"submission_type": to.submission_type}
    if to.submission_type == ADDRESS_TYPE:
        sent = form["url"] = work.url
    else:
        sent = work.picture_path
        files = f"courses/{to.course.id}/assignments/{to.assignment.id}/submissions/self/files"
        form["file_ids"] = [connection.upload(files, work.picture_path)]
    submission = to.assignment.submit(form, comment={"text_comment": work.comment()})
    for step in _list_submission(sent, to.assignment.name, work):
        report(step)
    return submission


def _attach(connection: Connection, submission: Any, work: Work) -> None:
    where = (
        f"courses/{submission.course_id}/assignments/{submission.assignment_id}"
        f"/submissions/{submission.user_id}"
    )
    file_id = connection.upload(f"{where}/comments/files", work.picture_path)
    # With the attempt, or Canvas would show the comment beside the first one.
    submission.edit(comment={"file_ids": [file_id], "attempt": submission.attempt})


def _list_answers(questions: Iterable[Question], work: Work) -> list[Step]:
    questions = list(questions)
    steps = [
        ("answer", f"{answer.question.key}: {answer.shown}")
        for answer in answer_all(questions, work)
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
