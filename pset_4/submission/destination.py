"""The destination of a submission: a course's assignment and quiz, found without any change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import SubmissionError
from . import HOURS_VARIABLE
from .answers import Question, answer_questions
from .canvas import CanvasConnection, find_by_name
from .work import Work

URL_TYPE = "online_url"
"""Canvas's name for the submission of a URL."""
FILE_TYPE = "online_upload"
"""Canvas's name for the submission of a file."""

# Canvas's name for the state of an attempt that was begun and not completed.
_UNFINISHED = "untaken"

# The attributes of a quiz that cannot be taken here, and what they mean.
_OBSTACLES = {
    "locked_for_user": "is locked",
    "one_question_at_a_time": "shows one question at a time",
    "has_access_code": "asks for an access code",
    "require_lockdown_browser": "asks for a lockdown browser",
}


@dataclass(frozen=True)
class Destination:
    """A course with an assignment and perhaps a quiz."""

    course: Any
    """The `canvasapi.course.Course`."""
    assignment: Any
    """The `canvasapi.assignment.Assignment`."""
    submission_type: str
    """What the assignment gets: `URL_TYPE` or `FILE_TYPE`."""
    quiz: Any | None
    """The `canvasapi.quiz.Quiz`; None if only the assignment is submitted."""
    attempt: Any | None
    """The unfinished `canvasapi.quiz.QuizSubmission`, which is continued; None if none exists."""
    number: int
    """The number of the attempt that is continued or begun, from 1; 0 without a quiz."""
    questions: list[Question] | None
    """The quiz's questions; None without an unfinished attempt, as Canvas hides them until then."""

    @property
    def assignment_name(self) -> str:
        """The name of the assignment."""
        return str(self.assignment.name)

    @property
    def quiz_name(self) -> str | None:
        """The title of the quiz; None without one."""
        return str(self.quiz.title) if self.quiz else None


def look_up(
    connection: CanvasConnection, course: str, assignment: str, quiz: str | None, work: Work
) -> Destination:
    """Find the destination, and check as far as possible that it accepts the work.

    Args:
        connection: The connection to Canvas.
        course: The name or id of the course.
        assignment: The name or id of the assignment.
        quiz: The name or id of the quiz; None to leave the quiz out.
        work: The work to submit.

    Raises:
        SubmissionError: A name does not exist, the assignment or the quiz is closed, or one of them
            does not accept the work.
    """
    with connection.translated_errors():
        in_course = find_by_name("course", course, connection.canvas.get_courses())
        target = find_by_name("assignment", assignment, in_course.get_assignments())
        submission_type = _choose_type(target, work)
        _check_submissions_left(target)
        if quiz is None:
            return Destination(in_course, target, submission_type, None, None, 0, None)
        taken = find_by_name("quiz", quiz, in_course.get_quizzes(), "title")
        _check_takeable(taken)
        attempt, number = _find_attempt(taken, connection.user.id)
        questions = read_questions(attempt) if attempt else None
        _check_answerable(questions, work)
        return Destination(in_course, target, submission_type, taken, attempt, number, questions)


def read_questions(attempt: Any) -> list[Question]:
    """Return the questions of an unfinished attempt."""
    return [
        Question(
            id=found.id,
            name=found.question_name,
            kind=found.question_type,
            text=found.question_text or "",
            choices={
                choice["text"]: choice["id"] for choice in getattr(found, "answers", None) or []
            },
        )
        for found in attempt.get_submission_questions()
    ]


def _choose_type(assignment: Any, work: Work) -> str:
    """Return what to submit: a URL if possible, as the result is attached to it then."""
    name = f"the assignment {assignment.name!r}"
    if getattr(assignment, "locked_for_user", False):
        raise SubmissionError(f"{name} is locked")
    types = assignment.submission_types
    if URL_TYPE in types:
        return URL_TYPE
    if FILE_TYPE not in types:
        expected = f"expected {URL_TYPE} or {FILE_TYPE}"
        raise SubmissionError(f"{expected}, but {name} accepts {', '.join(types)}")
    suffixes = [f".{suffix}" for suffix in getattr(assignment, "allowed_extensions", None) or []]
    if suffixes and not work.image.lower().endswith(tuple(map(str.lower, suffixes))):
        raise SubmissionError(
            f"{name} does not accept {work.image}",
            remedy=f"use an image with one of the suffixes {', '.join(suffixes)}",
        )
    return FILE_TYPE


def _check_submissions_left(assignment: Any) -> None:
    allowed = getattr(assignment, "allowed_attempts", None) or -1
    if allowed < 0:
        return
    made = assignment.get_submission("self")
    allowed += getattr(made, "extra_attempts", None) or 0
    if (made.attempt or 0) >= allowed:
        raise SubmissionError(
            f"the assignment {assignment.name!r} has all {allowed} submissions that it accepts"
        )


def _check_takeable(quiz: Any) -> None:
    for attribute, meaning in _OBSTACLES.items():
        if getattr(quiz, attribute, False):
            raise SubmissionError(
                f"the quiz {quiz.title!r} {meaning}",
                remedy="take it in a browser, and give --no-quiz here",
            )


def _check_answerable(questions: list[Question] | None, work: Work) -> None:
    if questions is not None:
        answer_questions(questions, work)
    elif work.hours is None:
        raise SubmissionError(
            "the quiz may ask for hours, and hides its questions until an attempt is begun",
            remedy=f"give --hours, or set {HOURS_VARIABLE}",
        )


def _find_attempt(quiz: Any, user_id: int) -> tuple[Any | None, int]:
    """Return the unfinished attempt or None, and the number of that or of the next attempt."""
    # A teacher gets the attempts of all students.
    made = [attempt for attempt in quiz.get_submissions() if attempt.user_id == user_id]
    last = max(made, key=lambda attempt: attempt.attempt or 0, default=None)
    if last is None:
        return None, 1
    if last.workflow_state == _UNFINISHED:
        return last, last.attempt
    if getattr(last, "attempts_left", None) == 0:
        raise SubmissionError(
            f"the quiz {quiz.title!r} has no attempt left after {last.attempt}",
            remedy="give --no-quiz to submit only the assignment",
        )
    return None, (last.attempt or 0) + 1
