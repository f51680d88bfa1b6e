"""Where the work goes: a course's assignment and quiz, looked up and checked without a change."""

from dataclasses import dataclass
from typing import Any

from ..errors import HandInError
from . import HOURS_VARIABLE
from .answers import Question, answer_all
from .canvas import Connection, find_one
from .work import Work

ADDRESS_TYPE = "online_url"
FILE_TYPE = "online_upload"

UNFINISHED = "untaken"
"""The state of an attempt that was begun and not completed."""

OBSTACLES = {
    "locked_for_user": "is locked",
    "one_question_at_a_time": "shows one question at a time",
    "has_access_code": "asks for an access code",
    "require_lockdown_browser": "asks for a lockdown browser",
}
"""What keeps a quiz from being taken here, by Canvas's name for it."""


@dataclass(frozen=True)
class Destination:
    """A course, and in it an assignment and perhaps a quiz."""

    course: Any
    assignment: Any
    submission_type: str
    """`ADDRESS_TYPE` or `FILE_TYPE`: what the assignment is given."""
    quiz: Any | None
    attempt: Any | None
    """An unfinished attempt of the quiz, which is continued."""
    number: int
    """That of the attempt, begun or to be begun; from 1."""
    questions: list[Question] | None
    """None where no attempt is begun: before, Canvas does not show them."""

    @property
    def assignment_name(self) -> str:
        return str(self.assignment.name)

    @property
    def quiz_name(self) -> str | None:
        return str(self.quiz.title) if self.quiz else None


def look_up(
    connection: Connection, course: str, assignment: str, quiz: str | None, work: Work
) -> Destination:
    """Find where the work goes, and check as far as can be seen that it is taken there.

    Raises:
        HandInError: one of the names is not there, the assignment or the quiz is closed, or does
            not take what is handed in.
    """
    with connection.talking():
        in_course = find_one("course", course, connection.canvas.get_courses())
        target = find_one("assignment", assignment, in_course.get_assignments())
        submission_type = _choose_type(target, work)
        _check_submissions_left(target)
        if quiz is None:
            return Destination(in_course, target, submission_type, None, None, 0, None)
        taken = find_one("quiz", quiz, in_course.get_quizzes(), "title")
        _check_takeable(taken)
        attempt, number = _find_attempt(taken, connection.user.id)
        questions = read_questions(attempt) if attempt else None
        _check_answerable(questions, work)
        return Destination(in_course, target, submission_type, taken, attempt, number, questions)


def read_questions(attempt: Any) -> list[Question]:
    """The questions of an attempt."""
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
    """An address is preferred: the picture then goes with it, attached to a comment."""
    name = f"the assignment {assignment.name!r}"
    if getattr(assignment, "locked_for_user", False):
        raise HandInError(f"{name} is locked")
    types = assignment.submission_types
    if ADDRESS_TYPE in types:
        return ADDRESS_TYPE
    if FILE_TYPE not in types:
        raise HandInError(
            f"{name} takes {', '.join(types)}; expected {ADDRESS_TYPE} or {FILE_TYPE}"
        )
    endings = getattr(assignment, "allowed_extensions", None)
    if endings and not work.image.lower().endswith(tuple(f".{end.lower()}" for end in endings)):
        raise HandInError(f"{name} takes files of the kinds {', '.join(endings)}: not {work.image}")
    return FILE_TYPE


def _check_submissions_left(assignment: Any) -> None:
    allowed = getattr(assignment, "allowed_attempts", None) or -1
    if allowed < 0:
        return
    made = assignment.get_submission("self")
    allowed += getattr(made, "extra_attempts", None) or 0
    if (made.attempt or 0) >= allowed:
        raise HandInError(
            f"the assignment {assignment.name!r} takes {allowed} submissions, and has them"
        )


def _check_takeable(quiz: Any) -> None:
    for obstacle, text in OBSTACLES.items():
        if getattr(quiz, obstacle, False):
            raise HandInError(
                f"the quiz {quiz.title!r} {text}: take it in a browser, and give --no-quiz here"
            )


def _check_answerable(questions: list[Question] | None, work: Work) -> None:
    if questions is not None:
        answer_all(questions, work)
    elif work.hours is None:
        raise HandInError(
            "the quiz may ask for hours, and shows its questions only once an attempt is begun: "
            f"give --hours, or set {HOURS_VARIABLE}"
        )


def _find_attempt(quiz: Any, user_id: int) -> tuple[Any | None, int]:
    """The unfinished attempt, if there is one, and the number of that or of the next."""
    # A teacher is shown those of all students.
    made = [attempt for attempt in quiz.get_submissions() if attempt.user_id == user_id]
    last = max(made, key=lambda attempt: attempt.attempt or 0, default=None)
    if last is None:
        return None, 1
    if last.workflow_state == UNFINISHED:
        return last, last.attempt
    if getattr(last, "attempts_left", None) == 0:
        raise HandInError(
            f"no attempt of the quiz {quiz.title!r} is left after {last.attempt}: give --no-quiz "
            "to hand in to the assignment alone"
        )
    return None, (last.attempt or 0) + 1
