"""A repository whose work is handed in, and a small Canvas server on loopback to take it.

The server answers as Canvas's REST API documentation and Canvas's own source say, holds every
request against them, and remembers it. A request that Canvas would not understand is answered with
an error, so that nothing is accepted here that would be refused there.
"""

import email.parser
import email.policy
import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from click.testing import CliRunner, Result

from csci_utils.digest import file_digest
from pset_4.cli import cli
from pset_4.records import write_origin

TOKEN = "7~a-token-that-nobody-may-see-Zq9x"
PAGE = 2
"""So few of a list on a page, whatever is asked for, that every list has further pages."""

ME = {"id": 501, "name": "Ada Lovelace"}
COURSE = {"id": 41, "name": "Advanced Python for Data Science", "course_code": "CSCI E-29"}
PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) + b"\r\n--boundary--\r\n\x00\xff\xd9"

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": 2460829,
        "question_name": "Question 1",
        "question_type": "file_upload_question",
        "question_text": '<p id="style">Upload a stylized image of your choice!</p>',
    },
    {
        "id": 2519518,
        "question_name": "Question 2",
        "question_type": "multiple_choice_question",
        "question_text": '<p id="hours">How many hours did you spend on this assignment?</p>',
        "answers": [
            {"id": 8032, "text": "15+", "html": ""},
            {"id": 3268, "text": "0-5", "html": ""},
            {"id": 8610, "text": "5-10", "html": ""},
            {"id": 568, "text": "10-15", "html": ""},
        ],
    },
    {
        "id": 2519519,
        "question_name": "Question 4",
        "question_type": "short_answer_question",
        "question_text": '<p id="commit">What is the commit id you are submitting from?</p>',
    },
    {
        "id": 2519520,
        "question_name": "Question 3",
        "question_type": "true_false_question",
        "question_text": '<p id="clean">Is your git repo clean?</p>',
        "answers": [{"id": 4031, "text": "True"}, {"id": 5153, "text": "False"}],
    },
]
"""Those of the course's quiz: they are told apart by the ids in their HTML."""


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, said: object) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


def refuse(status: int, message: str) -> Refused:
    return Refused(status, {"status": status, "message": message})


@dataclass
class Request:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    form: list[tuple[str, str]]
    """Fields in their order; a file's content is in `file`."""
    file: bytes | None = None

    @property
    def fields(self) -> dict[str, str]:
        return dict(self.form)

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Canvas:
    """What the server knows, and what it was asked."""

    token: str = TOKEN
    courses: list[dict[str, Any]] = field(default_factory=list)
    assignments: list[dict[str, Any]] = field(default_factory=list)
    quizzes: list[dict[str, Any]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(
        default_factory=lambda: json.loads(json.dumps(QUESTIONS))
    )
    attempts: list[dict[str, Any]] = field(default_factory=list)
    """Of the quiz, by all users."""
    answers: dict[int, Any] = field(default_factory=dict)
    """To the questions of the last attempt, by their id."""
    submissions: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    files: dict[int, dict[str, Any]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    faults: dict[str, Callable[[Request], object]] = field(default_factory=dict)
    """What to do instead of answering a request line, which is matched as a pattern."""
    url: str = ""

    def lines(self, *methods: str) -> list[str]:
        """The lines of all requests made with these methods."""
        return [request.line for request in self.requests if request.method in methods]

    def fail(self, pattern: str, status: int, said: object) -> None:
        """Answer requests of a line's pattern with a status and a body from now on."""

        def fault(request: Request) -> None:
            raise Refused(status, said)

        self.faults[pattern] = fault

    def assignment(self) -> dict[str, Any]:
        return next(entry for entry in self.assignments if entry["name"] == "Pset 4")

    def quiz(self) -> dict[str, Any]:
        return next(entry for entry in self.quizzes if entry["title"] == "Pset 4 Answers")

    def begin_attempt(self, user_id: int = ME["id"], state: str = "untaken") -> dict[str, Any]:
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
        # As in Canvas, an unfinished attempt hides those before it from its student.
        self.attempts.append(attempt)
        return attempt

    def answer(self, request: Request) -> tuple[object, dict[str, str]]:
        """The JSON and the headers of an answer."""
        for pattern, fault in self.faults.items():
            if re.fullmatch(pattern, request.line):
                fault(request)
        if request.path.startswith("/store/"):
            return self._store(request)
        if match := re.fullmatch(r"/api/v1/files/(\d+)/create_success", request.path):
            return self._confirm(int(match[1]), request), {}
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refused(401, {"errors": [{"message": "Invalid access token."}]})
        for pattern, handler in ROUTES.items():
            if match := re.fullmatch(pattern, request.line):
                answer = handler(self, request, *(int(part) for part in match.groups()))
                return self._paginate(answer, request) if isinstance(answer, list) else (answer, {})
        raise refuse(404, "The specified resource does not exist.")

    def _paginate(self, things: list[Any], request: Request) -> tuple[object, dict[str, str]]:
        """Further pages are behind opaque addresses in the Link header, as in Canvas."""
        page = int(request.query.get("page", ["bookmark:0"])[0].removeprefix("bookmark:"))
        shown = things[page * PAGE : (page + 1) * PAGE]
        address = f"{self.url}{request.path}?page=bookmark:"
        links = [f'<{address}{page}&per_page={PAGE}>; rel="current"']
        if (page + 1) * PAGE < len(things):
            links.append(f'<{address}{page + 1}&per_page={PAGE}>; rel="next"')
        links.append(f'<{address}0&per_page={PAGE}>; rel="first"')
        return shown, {"Link": ",".join(links)}

    def _known(self, things: list[dict[str, Any]], wanted: int) -> dict[str, Any]:
        found = [thing for thing in things if thing["id"] == wanted]
        if not found:
            raise refuse(404, "The specified resource does not exist.")
        return found[0]

    # The quiz

    def list_attempts(self, request: Request, course: int, quiz: int) -> dict[str, Any]:
        self._known(self.quizzes, quiz)
        mine = [attempt for attempt in self.attempts if attempt["user_id"] == ME["id"]]
        others = [attempt for attempt in self.attempts if attempt not in mine]
        open_ones = [attempt for attempt in mine if attempt["workflow_state"] == "untaken"]
        return {"quiz_submissions": [*others, *(open_ones or mine)]}

    def create_attempt(self, request: Request, course: int, quiz: int) -> dict[str, Any]:
        self._known(self.quizzes, quiz)
        mine = [attempt for attempt in self.attempts if attempt["user_id"] == ME["id"]]
        if any(a["workflow_state"] == "untaken" or a["attempts_left"] == 0 for a in mine):
            raise refuse(409, "a quiz submission already exists")
        self.answers.clear()
        return {"quiz_submissions": [self.begin_attempt()]}

    def _attempt(self, attempt_id: int) -> dict[str, Any]:
        found = [attempt for attempt in self.attempts if attempt["id"] == attempt_id]
        if not found:
            raise refuse(404, "The specified resource does not exist.")
        return found[-1]

    def _check_taking(self, attempt: dict[str, Any], fields: dict[str, str]) -> None:
        if fields.get("validation_token") != attempt["validation_token"]:
            raise refuse(403, "invalid token")
        if attempt["workflow_state"] != "untaken":
            raise refuse(400, "quiz submission is already complete")
        if fields.get("attempt") != str(attempt["attempt"]):
            raise refuse(400, f"attempt {fields.get('attempt')} can not be modified")

    def list_questions(self, request: Request, attempt_id: int) -> dict[str, Any]:
        if self._attempt(attempt_id)["workflow_state"] != "untaken":
            raise refuse(401, "Cannot view questions due to quiz settings")
        shown = [{**question, "answer": None, "flagged": False} for question in self.questions]
        for question in shown:
            random.shuffle(question.get("answers", []))
        return {"quiz_submission_questions": shown}

    def answer_questions(self, request: Request, attempt_id: int) -> dict[str, Any]:
        self._check_taking(self._attempt(attempt_id), request.fields)
        given = read_list_of_hashes(request.form, "quiz_questions")
        for entry in given:
            question = self._known(self.questions, int(entry["id"]))
            self._check_answer(question, entry["answer"])
        self.answers.update({int(entry["id"]): entry["answer"] for entry in given})
        return {"quiz_submission_questions": []}

    def _check_answer(self, question: dict[str, Any], answer: str) -> None:
        kind = question["question_type"]
        if kind in ("multiple_choice_question", "true_false_question"):
            if answer not in [str(choice["id"]) for choice in question["answers"]]:
                raise refuse(400, f"Unknown answer '{answer}'")
        elif kind == "numerical_question":
            if not re.fullmatch(r"\d+(\.\d+)?", answer):
                raise refuse(400, "Parameter must be a valid decimal.")
        elif kind == "file_upload_question":
            self._check_file(int(answer), "quiz")
        elif kind not in ("short_answer_question", "essay_question"):
            raise refuse(400, f"answered a {kind}")

    def complete_attempt(
        self, request: Request, course: int, quiz: int, attempt_id: int
    ) -> dict[str, Any]:
        attempt = self._attempt(attempt_id)
        self._check_taking(attempt, request.fields)
        attempt["workflow_state"] = "complete"
        return {"quiz_submissions": [attempt]}

    # The assignment

    def show_submission(self, request: Request, course: int, assignment: int) -> dict[str, Any]:
        made = self.submissions[-1] if self.submissions else {}
        return {"id": 77, "user_id": ME["id"], "assignment_id": assignment, "attempt": None, **made}

    def submit_assignment(self, request: Request, course: int, assignment: int) -> dict[str, Any]:
        target = self._known(self.assignments, assignment)
        fields = request.fields
        kind = fields.get("submission[submission_type]")
        if kind not in target["submission_types"]:
            raise refuse(400, "Invalid submission[submission_type] given")
        content = {"online_url": "submission[url]", "online_upload": "submission[file_ids][]"}[kind]
        expected = {"submission[submission_type]", content, "comment[text_comment]"}
        if set(fields) != expected:
            raise refuse(400, f"Invalid parameters for submission_type {kind}: {sorted(fields)}")
        if kind == "online_upload":
            self._check_file(int(fields[content]), "submission")
        submission = {
            "id": 77,
            "user_id": ME["id"],
            "assignment_id": assignment,
            "attempt": len(self.submissions) + 1,
            "submission_type": kind,
            "content": fields[content],
        }
        self.submissions.append(submission)
        self.comments.append({"text": fields["comment[text_comment]"]})
        return submission

    def comment(self, request: Request, course: int, assignment: int, user: int) -> dict[str, Any]:
        if user != ME["id"]:
            raise refuse(403, "user not authorized to perform that action")
        fields = request.fields
        file_id = int(fields["comment[file_ids][]"])
        self._check_file(file_id, "comment")
        self.comments.append({"file": file_id, "attempt": int(fields["comment[attempt]"])})
        return self.submissions[-1]

    # Files

    def place_quiz_file(self, request: Request, course: int, quiz: int) -> dict[str, Any]:
        if not any(attempt["user_id"] == ME["id"] for attempt in self.attempts):
            raise refuse(404, "The specified resource does not exist.")
        return {"attachments": [self._place("quiz", request)]}

    def place_submission_file(self, request: Request, *ids: int) -> dict[str, Any]:
        return self._place("submission", request)

    def place_comment_file(self, request: Request, *ids: int) -> dict[str, Any]:
        return self._place("comment", request)

    def _place(self, use: str, request: Request) -> dict[str, Any]:
        number = 300 + len(self.files)
        self.files[number] = {
            "use": use,
            "name": request.fields["name"],
            "size": int(request.fields["size"]),
            "params": {"key": f"/users/{ME['id']}/files/{number}", "signature": f"signed-{number}"},
            "content": None,
            "is_there": False,
        }
        return {
            "upload_url": f"{self.url}/store/{number}",
            "upload_params": self.files[number]["params"],
        }

    def _store(self, request: Request) -> tuple[object, dict[str, str]]:
        """Any server: it must not see the token, and takes the file as the last field."""
        number = int(request.path.removeprefix("/store/"))
        entry = self.files[number]
        if "Authorization" in request.headers:
            raise refuse(400, "the token was sent to the store")
        if request.form != [*entry["params"].items(), ("file", entry["name"])]:
            raise refuse(403, f"the signature does not match {request.form}")
        entry["content"] = request.file
        location = f"{self.url}/api/v1/files/{number}/create_success?uuid=uuid-{number}"
        raise Refused(303, {"Location": location})

    def _confirm(self, number: int, request: Request) -> dict[str, Any]:
        if request.method != "GET" or request.query.get("uuid") != [f"uuid-{number}"]:
            raise refuse(400, "not confirmed by a GET of the address as it was given")
        entry = self.files[number]
        if len(entry["content"]) != entry["size"]:
            raise refuse(400, "the file has another size than announced")
        entry["is_there"] = True
        return {"id": number, "url": f"{self.url}/files/{number}/download", "size": entry["size"]}

    def _check_file(self, number: int, use: str) -> None:
        entry = self.files.get(number, {})
        if not entry.get("is_there") or entry["use"] != use:
            raise refuse(400, "No valid file ids given")


COURSES = r"/api/v1/courses"
QUIZ = rf"{COURSES}/(\d+)/quizzes/(\d+)"
ASSIGNMENT = rf"{COURSES}/(\d+)/assignments/(\d+)"
ROUTES: dict[str, Callable[..., Any]] = {
    r"GET /api/v1/users/self": lambda canvas, request: ME,
    rf"GET {COURSES}": lambda canvas, request: canvas.courses,
    rf"GET {COURSES}/41/assignments": lambda canvas, request: canvas.assignments,
    rf"GET {COURSES}/41/quizzes": lambda canvas, request: canvas.quizzes,
    rf"GET {QUIZ}/submissions": Canvas.list_attempts,
    rf"POST {QUIZ}/submissions": Canvas.create_attempt,
    rf"POST {QUIZ}/submissions/self/files": Canvas.place_quiz_file,
    rf"POST {QUIZ}/submissions/(\d+)/complete": Canvas.complete_attempt,
    r"GET /api/v1/quiz_submissions/(\d+)/questions": Canvas.list_questions,
    r"POST /api/v1/quiz_submissions/(\d+)/questions": Canvas.answer_questions,
    rf"GET {ASSIGNMENT}/submissions/self": Canvas.show_submission,
    rf"POST {ASSIGNMENT}/submissions/self/files": Canvas.place_submission_file,
    rf"POST {ASSIGNMENT}/submissions": Canvas.submit_assignment,
    rf"POST {ASSIGNMENT}/submissions/(\d+)/comments/files": Canvas.place_comment_file,
    rf"PUT {ASSIGNMENT}/submissions/(\d+)": Canvas.comment,
}


def read_list_of_hashes(form: list[tuple[str, str]], name: str) -> list[dict[str, str]]:
    """``name[][key]=value`` as Rack reads it: a key that is there already begins the next hash."""
    found: list[dict[str, str]] = []
    for key, value in form:
        match = re.fullmatch(rf"{name}\[\]\[(\w+)\]", key)
        if match is None:
            continue
        if not found or match[1] in found[-1]:
            found.append({})
        found[-1][match[1]] = value
    return found


class Handler(BaseHTTPRequestHandler):
    """Reads requests, and writes what the `Canvas` it was made for answers."""

    canvas: Canvas

    def answer(self) -> None:
        request = self._read()
        self.canvas.requests.append(request)
        try:
            said, headers = self.canvas.answer(request)
            status = 200
        except Refused as refusal:
            said, status, headers = refusal.said, refusal.status, {}
            if status == 303 and isinstance(said, dict):
                headers, said = said, ""
            elif status == 401 and "errors" in str(said):
                headers["WWW-Authenticate"] = 'Bearer realm="canvas-lms"'
        body = (said if isinstance(said, str) else json.dumps(said)).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        request = Request(
            self.command, parts.path, parse_qs(parts.query), dict(self.headers.items()), []
        )
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            parser = email.parser.BytesParser(policy=email.policy.HTTP)
            message = parser.parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
            for part in message.iter_parts():
                name = part.get_param("name", header="Content-Disposition")
                if part.get_filename():
                    request.form.append((str(name), str(part.get_filename())))
                    request.file = part.get_payload(decode=True)
                else:
                    request.form.append((str(name), part.get_content().rstrip("\r\n")))
        elif body:
            request.form = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        return request

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen."""


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(monkeypatch, tmp_path / "no-home")


def isolate(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """No setting of Canvas, of Travis or of git reaches a test."""
    for name in list(os.environ):
        if name.startswith(("CANVAS_", "TRAVIS", "GIT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for person in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{person}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{person}_EMAIL", "ada@example.edu")


@pytest.fixture
def canvas(serving: Callable[..., AbstractContextManager[str]]) -> Iterator[Canvas]:
    """A server with the course, its assignment and its quiz, each beyond the first page."""
    known = Canvas()
    known.courses = [
        {"id": 39, "name": "Calculus"},
        {"id": 40, "access_restricted_by_date": True},
        COURSE,
    ]
    known.assignments = [
        {"id": 11, "name": "Pset 1", "submission_types": ["online_url"]},
        {"id": 12, "name": "Pset 2", "submission_types": ["on_paper"]},
        {"id": 14, "name": "Pset 4", "submission_types": ["online_url", "online_upload"]},
    ]
    known.assignments = [{"course_id": 41, **entry} for entry in known.assignments]
    known.quizzes = [
        {"id": 21, "title": "Pset 1 Answers", "allowed_attempts": 1},
        {"id": 22, "title": "Pset 2 Answers", "allowed_attempts": 1},
        {"id": 24, "title": "Pset 4 Answers", "allowed_attempts": -1},
    ]
    with serving(type("OwnHandler", (Handler,), {"canvas": known})) as known.url:
        yield known


@dataclass
class Repository:
    """A repository with a commit that is pushed, and a stylized picture that git ignores."""

    folder: Path

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        return result.stdout.strip()

    @property
    def commit(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def url(self) -> str:
        return f"https://github.com/ada/pset-4/commit/{self.commit}"

    def paint(self, path: str = "rain_princess.pth/luigi.jpg", content: bytes = PICTURE) -> Path:
        """Lay a result down as the pipeline does."""
        result = self.folder / "data" / "stylized" / path
        result.parent.mkdir(parents=True, exist_ok=True)
        result.write_bytes(content)
        write_origin(str(result), {"image": "some"}, file_digest(str(result)))
        return result

    def run(self, *arguments: str) -> Result:
        """Run the command; standard output and standard error are kept apart."""
        return CliRunner().invoke(cli, ["submit", *arguments])


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that each test has a copy of."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate(monkeypatch, folder)
        make_repository(folder / "work", folder / "server.git")
    return folder / "work"


def make_repository(folder: Path, server: Path) -> None:
    made = Repository(folder)
    folder.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    (made.folder / ".gitignore").write_text("/data/\n/.env\n")
    (made.folder / "code.py").write_text("print('hello')\n")
    made.git("add", ".")
    made.git("commit", "--quiet", "-m", "Work")
    made.git("init", "--quiet", "--bare", str(server))
    made.git("remote", "add", "origin", str(server))
    made.git("push", "--quiet", "origin", "main")
    made.git("remote", "set-url", "origin", "git@github.com:ada/pset-4.git")
    made.paint()


@pytest.fixture
def repository(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(tmp_path / "work")
    shutil.copytree(template, made.folder)
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def student(repository: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The repository of somebody who has set all there is to set."""
    monkeypatch.setenv("CANVAS_URL", canvas.url)
    monkeypatch.setenv("CANVAS_TOKEN", TOKEN)
    monkeypatch.setenv("CANVAS_COURSE", COURSE["name"])
    monkeypatch.setenv("CANVAS_ASSIGNMENT", "Pset 4")
    monkeypatch.setenv("CANVAS_QUIZ", "Pset 4 Answers")
    monkeypatch.setenv("PSET_4_HOURS", "12")
    return repository
