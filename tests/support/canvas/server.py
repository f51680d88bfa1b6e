"""The API of the Canvas server."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.canvas import course
from tests.support.canvas.course import ME, TOKEN, Json
from tests.support.canvas.files import FileStore
from tests.support.canvas.http import (
    JsonHandler,
    Refusal,
    Request,
    not_found,
    read_hashes,
    refuse,
)
from tests.support.servers import serve

Fault = Callable[[Request], object]
"""Called instead of answering a request; the usual answer follows unless it raises."""

# Few entries on a page, whatever the client asks for, so that every list has several pages.
_PAGE_SIZE = 2

_CHOICE_TYPES = ("multiple_choice_question", "true_false_question")
_TEXT_TYPES = ("short_answer_question", "essay_question")


@dataclass
class Canvas:
    """What the server knows, and the requests that it got.

    The course, its assignment and its quiz are each beyond the first page of their list.
    """

    token: str = TOKEN
    """The access token that is accepted."""
    courses: list[Json] = field(default_factory=course.list_courses)
    """The user's courses."""
    assignments: list[Json] = field(default_factory=course.list_assignments)
    """The course's assignments."""
    quizzes: list[Json] = field(default_factory=course.list_quizzes)
    """The course's quizzes."""
    questions: list[Json] = field(default_factory=course.list_questions)
    """The questions of the quiz."""
    attempts: list[Json] = field(default_factory=list)
    """The attempts of the quiz by all users."""
    answers: dict[int, str] = field(default_factory=dict)
    """The answers of the last attempt, by the id of their question."""
    submissions: list[Json] = field(default_factory=list)
    """The submissions of the assignment."""
    comments: list[Json] = field(default_factory=list)
    """The comments on the submissions, as ``text``, or as ``file`` and ``attempt``."""
    store: FileStore = field(default_factory=FileStore)
    """The uploaded files."""
    requests: list[Request] = field(default_factory=list)
    """The requests so far."""
    faults: dict[str, Fault] = field(default_factory=dict)
    """The faults by the pattern of the request lines that they hit."""

    @property
    def url(self) -> str:
        """The root URL of the server."""
        return self.store.url

    def lines(self, *methods: str) -> list[str]:
        """Return the lines of all requests with one of these methods."""
        return [request.line for request in self.requests if request.method in methods]

    def fail(self, pattern: str, status: int, body: object) -> None:
        """Answer requests whose line has this pattern with a status and a body from now on."""

        def raise_refusal(request: Request) -> None:
            raise Refusal(status, body)

        self.faults[pattern] = raise_refusal

    def content_of(self, file_id: int) -> bytes | None:
        """Return the content of an uploaded file."""
        return self.store.files[file_id].content

    def assignment(self) -> Json:
        """Return the assignment "Pset 4"."""
        return next(entry for entry in self.assignments if entry["name"] == "Pset 4")

    def quiz(self) -> Json:
        """Return the quiz "Pset 4 Answers"."""
        return next(entry for entry in self.quizzes if entry["id"] == 24)

    def begin_attempt(self, user_id: int = ME["id"], state: str = "untaken") -> Json:
        """Add an attempt of the quiz and return it."""
        made = [attempt for attempt in self.attempts if attempt["user_id"] == user_id]
        number = 1 + max((attempt["attempt"] for attempt in made), default=0)
        allowed = self.quiz()["allowed_attempts"]
        attempt = {
            "id": 9000 + user_id,
            "quiz_id": self.quiz()["id"],
            "user_id": user_id,
            "attempt": number,
            "attempts_left": -1 if allowed < 0 else allowed - number,
            "validation_token": f"validation-{user_id}-{number}",
            "workflow_state": state,
        }
        self.attempts.append(attempt)
        return attempt

    def respond(self, request: Request) -> tuple[object, dict[str, str]]:
        """Return the JSON and the headers of a response."""
        self.requests.append(request)
        for pattern, fault in self.faults.items():
            if re.fullmatch(pattern, request.line):
                fault(request)
        if match := re.fullmatch(r"/store/(\d+)", request.path):
            self.store.store(int(match[1]), request)
        if match := re.fullmatch(r"/api/v1/files/(\d+)/create_success", request.path):
            return self.store.confirm(int(match[1]), request), {}
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            realm = {"WWW-Authenticate": 'Bearer realm="canvas-lms"'}
            raise Refusal(401, {"errors": [{"message": "Invalid access token."}]}, realm)
        for pattern, handler in _ROUTES.items():
            if match := re.fullmatch(pattern, request.line):
                found = handler(self, request, *map(int, match.groups()))
                return self._paginate(found, request) if isinstance(found, list) else (found, {})
        raise not_found()

    def _paginate(self, entries: list[Json], request: Request) -> tuple[object, dict[str, str]]:
        """Give one page, and opaque URLs of the others in the Link header, as Canvas does."""
        page = int(request.query.get("page", ["bookmark:0"])[0].removeprefix("bookmark:"))
        url = f"{self.url}{request.path}?page=bookmark:"
        links = [f'<{url}{page}&per_page={_PAGE_SIZE}>; rel="current"']
        if (page + 1) * _PAGE_SIZE < len(entries):
            links.append(f'<{url}{page + 1}&per_page={_PAGE_SIZE}>; rel="next"')
        links.append(f'<{url}0&per_page={_PAGE_SIZE}>; rel="first"')
        return entries[page * _PAGE_SIZE : (page + 1) * _PAGE_SIZE], {"Link": ",".join(links)}

    # The quiz

    def list_attempts(self, request: Request, course_id: int, quiz_id: int) -> Json:
        _find(self.quizzes, quiz_id)
        mine = self._own_attempts()
        others = [attempt for attempt in self.attempts if attempt not in mine]
        # As in Canvas, an unfinished attempt hides those before it from its student.
        unfinished = [attempt for attempt in mine if attempt["workflow_state"] == "untaken"]
        return {"quiz_submissions": [*others, *(unfinished or mine)]}

    def create_attempt(self, request: Request, course_id: int, quiz_id: int) -> Json:
        _find(self.quizzes, quiz_id)
        mine = self._own_attempts()
        if any(a["workflow_state"] == "untaken" or a["attempts_left"] == 0 for a in mine):
            raise refuse(409, "a quiz submission already exists")
        self.answers.clear()
        return {"quiz_submissions": [self.begin_attempt()]}

    def list_questions(self, request: Request, attempt_id: int) -> Json:
        if self._find_attempt(attempt_id)["workflow_state"] != "untaken":
            raise refuse(401, "Cannot view questions due to quiz settings")
        shown = [{**question, "answer": None, "flagged": False} for question in self.questions]
        for question in shown:
            random.shuffle(question.get("answers", []))
        return {"quiz_submission_questions": shown}

    def answer_questions(self, request: Request, attempt_id: int) -> Json:
        _check_taking(self._find_attempt(attempt_id), request.fields)
        given = read_hashes(request.form, "quiz_questions")
        for entry in given:
            self._check_answer(_find(self.questions, int(entry["id"])), entry["answer"])
        self.answers.update({int(entry["id"]): entry["answer"] for entry in given})
        return {"quiz_submission_questions": []}

    def complete_attempt(
        self, request: Request, course_id: int, quiz_id: int, attempt_id: int
    ) -> Json:
        attempt = self._find_attempt(attempt_id)
        _check_taking(attempt, request.fields)
        attempt["workflow_state"] = "complete"
        return {"quiz_submissions": [attempt]}

    def announce_quiz_file(self, request: Request, course_id: int, quiz_id: int) -> Json:
        if not self._own_attempts():
            raise not_found()
        return {"attachments": [self.store.announce("quiz", request)]}

    def _own_attempts(self) -> list[Json]:
        return [attempt for attempt in self.attempts if attempt["user_id"] == ME["id"]]

    def _find_attempt(self, attempt_id: int) -> Json:
        return _find(self.attempts[::-1], attempt_id)

    def _check_answer(self, question: Json, answer: str) -> None:
        kind = question["question_type"]
        if kind in _CHOICE_TYPES:
            if answer not in [str(choice["id"]) for choice in question["answers"]]:
                raise refuse(400, f"Unknown answer '{answer}'")
        elif kind == "numerical_question":
            if not re.fullmatch(r"\d+(\.\d+)?", answer):
                raise refuse(400, "Parameter must be a valid decimal.")
        elif kind == "file_upload_question":
            self.store.check(int(answer), "quiz")
        elif kind not in _TEXT_TYPES:
            raise refuse(400, f"answered a {kind}")

    # The assignment

    def show_submission(self, request: Request, course_id: int, assignment_id: int) -> Json:
        made = self.submissions[-1] if self.submissions else {"attempt": None}
        return {"id": 77, "user_id": ME["id"], "assignment_id": assignment_id, **made}

    def submit_assignment(self, request: Request, course_id: int, assignment_id: int) -> Json:
        fields = request.fields
        kind = fields.get("submission[submission_type]", "")
        if kind not in _find(self.assignments, assignment_id)["submission_types"]:
            raise refuse(400, "Invalid submission[submission_type] given")
        content = {"online_url": "submission[url]", "online_upload": "submission[file_ids][]"}[kind]
        if set(fields) != {"submission[submission_type]", content, "comment[text_comment]"}:
            raise refuse(400, f"Invalid parameters for submission_type {kind}: {sorted(fields)}")
        if kind == "online_upload":
            self.store.check(int(fields[content]), "submission")
        submission = {
            "id": 77,
            "user_id": ME["id"],
            "assignment_id": assignment_id,
            "attempt": len(self.submissions) + 1,
            "submission_type": kind,
            "content": fields[content],
        }
        self.submissions.append(submission)
        self.comments.append({"text": fields["comment[text_comment]"]})
        return submission

    def comment(self, request: Request, course_id: int, assignment_id: int, user_id: int) -> Json:
        if user_id != ME["id"]:
            raise refuse(403, "user not authorized to perform that action")
        file_id = int(request.fields["comment[file_ids][]"])
        self.store.check(file_id, "comment")
        attempt = int(request.fields["comment[attempt]"])
        self.comments.append({"file": file_id, "attempt": attempt})
        return self.submissions[-1]


def _find(entries: list[Json], entry_id: int) -> Json:
    """Return the first entry with this id."""
    for entry in entries:
        if entry["id"] == entry_id:
            return entry
    raise not_found()


def _check_taking(attempt: Json, fields: dict[str, str]) -> None:
    if fields.get("validation_token") != attempt["validation_token"]:
        raise refuse(403, "invalid token")
    if attempt["workflow_state"] != "untaken":
        raise refuse(400, "quiz submission is already complete")
    if fields.get("attempt") != str(attempt["attempt"]):
        raise refuse(400, f"attempt {fields.get('attempt')} can not be modified")


_COURSE = r"/api/v1/courses/(\d+)"
_QUIZ = rf"{_COURSE}/quizzes/(\d+)"
_ASSIGNMENT = rf"{_COURSE}/assignments/(\d+)"
_ROUTES: dict[str, Callable[..., object]] = {
    r"GET /api/v1/users/self": lambda canvas, request: ME,
    r"GET /api/v1/courses": lambda canvas, request: canvas.courses,
    r"GET /api/v1/courses/41/assignments": lambda canvas, request: canvas.assignments,
    r"GET /api/v1/courses/41/quizzes": lambda canvas, request: canvas.quizzes,
    rf"GET {_QUIZ}/submissions": Canvas.list_attempts,
    rf"POST {_QUIZ}/submissions": Canvas.create_attempt,
    rf"POST {_QUIZ}/submissions/self/files": Canvas.announce_quiz_file,
    rf"POST {_QUIZ}/submissions/(\d+)/complete": Canvas.complete_attempt,
    r"GET /api/v1/quiz_submissions/(\d+)/questions": Canvas.list_questions,
    r"POST /api/v1/quiz_submissions/(\d+)/questions": Canvas.answer_questions,
    rf"GET {_ASSIGNMENT}/submissions/self": Canvas.show_submission,
    rf"POST {_ASSIGNMENT}/submissions": Canvas.submit_assignment,
    rf"POST {_ASSIGNMENT}/submissions/self/files": lambda canvas, request, *ids: (
        canvas.store.announce("submission", request)
    ),
    rf"POST {_ASSIGNMENT}/submissions/(\d+)/comments/files": lambda canvas, request, *ids: (
        canvas.store.announce("comment", request)
    ),
    rf"PUT {_ASSIGNMENT}/submissions/(\d+)": Canvas.comment,
}


@contextmanager
def serve_canvas() -> Iterator[Canvas]:
    """Run a Canvas server inside a `with` statement."""
    canvas = Canvas()

    class Handler(JsonHandler):
        def respond(self, request: Request) -> tuple[object, dict[str, str]]:
            return canvas.respond(request)

    with serve(Handler) as canvas.store.url:
        yield canvas
