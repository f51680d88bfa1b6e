"""What Canvas refuses, and what fails on the way."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest
import requests

from pset_4.errors import PartialSubmissionError, SubmissionError
from pset_4.submission.canvas import TIMEOUT
from tests.support.canvas import Canvas, Json, Request
from tests.support.pipeline.submissions import RESULT, Repository

API = "/api/v1"
BEGIN = rf"POST {API}/courses/41/quizzes/24/submissions"
COMPLETE = rf"POST {API}/courses/41/quizzes/24/submissions/\d+/complete"
SUBMIT = rf"POST {API}/courses/41/assignments/14/submissions"
ATTACH = rf"PUT {API}/courses/41/assignments/14/submissions/501"


@pytest.mark.parametrize(
    ("option", "kind", "known"),
    [
        ("--course", "course", "'Calculus' (id 39), 'Advanced Python for Data Science' (id 41)"),
        ("--assignment", "assignment", "'Pset 1' (id 11), 'Pset 2' (id 12), 'Pset 4' (id 14)"),
        ("--quiz", "quiz", "'Pset 1 Answers' (id 21), 'Pset 2 Answers' (id 22), 'Pset 4 Answers'"),
    ],
)
def test_an_unknown_name_is_reported_with_the_known_ones(
    student: Repository, canvas: Canvas, option: str, kind: str, known: str
) -> None:
    error = student.run_badly(option, "x")

    remedy = f"use a name or an id of these: {known}"
    assert error.startswith(f"error: expected one {kind} named 'x', found 0; {remedy}")
    assert canvas.lines("POST") == []


def test_an_ambiguous_name_is_refused(student: Repository, canvas: Canvas) -> None:
    canvas.assignments.append({**canvas.assignment(), "id": 99})

    error = student.run_badly()

    assert "expected one assignment named 'Pset 4', found 2; " in error
    assert canvas.submissions == []


def test_an_id_resolves_an_ambiguous_name(student: Repository, canvas: Canvas) -> None:
    canvas.assignments.append({**canvas.assignment(), "id": 99})

    student.run_well("--assignment", "14")

    assert canvas.submissions[-1]["assignment_id"] == 14


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"submission_types": ["on_paper", "none"]},
            "expected online_url or online_upload, but the assignment 'Pset 4' accepts on_paper, "
            "none",
        ),
        ({"locked_for_user": True}, "the assignment 'Pset 4' is locked"),
        (
            {"submission_types": ["online_upload"], "allowed_extensions": ["pdf", "PNG"]},
            "the assignment 'Pset 4' does not accept luigi.jpg; use an image with one of the "
            "suffixes .pdf, .PNG",
        ),
    ],
)
def test_an_assignment_that_cannot_accept_the_work_is_reported_first(
    student: Repository, canvas: Canvas, change: Json, message: str
) -> None:
    canvas.assignment().update(change)

    error = student.run_badly()

    assert error == f"error: {message}"
    assert canvas.lines("POST") == []


def test_an_assignment_with_all_its_submissions_is_reported_first(
    student: Repository, canvas: Canvas
) -> None:
    canvas.assignment()["allowed_attempts"] = 1
    student.run_well()
    sent = canvas.lines("POST")

    error = student.run_badly()

    assert error.endswith("'Pset 4' has all 1 submissions that it accepts")
    assert canvas.lines("POST") == sent


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("locked_for_user", "is locked"),
        ("one_question_at_a_time", "shows one question at a time"),
        ("has_access_code", "asks for an access code"),
        ("require_lockdown_browser", "asks for a lockdown browser"),
    ],
)
def test_a_quiz_that_cannot_be_taken_is_reported_before_sending(
    student: Repository, canvas: Canvas, attribute: str, message: str
) -> None:
    canvas.quiz()[attribute] = True

    error = student.run_badly()

    assert f"the quiz 'Pset 4 Answers' {message}; take it in a browser" in error
    assert canvas.lines("POST") == []


def test_a_quiz_without_attempts_left_is_reported_before_sending(
    student: Repository, canvas: Canvas
) -> None:
    canvas.quiz()["allowed_attempts"] = 1
    canvas.begin_attempt(state="complete")

    error = student.run_badly()

    assert "the quiz 'Pset 4 Answers' has no attempt left after 1; give --no-quiz" in error
    assert canvas.lines("POST") == []


def test_an_attempt_that_another_program_begins_is_reported(
    student: Repository, canvas: Canvas
) -> None:
    canvas.faults[BEGIN] = lambda request: canvas.begin_attempt()

    error = student.run_badly()

    assert "a quiz submission already exists" in error
    assert "continued attempt 1" in student.run_well().stdout


@pytest.mark.parametrize(
    ("pattern", "sent", "unsent"),
    [
        (COMPLETE, "nothing", "the quiz, the submission, the result"),
        (SUBMIT, "the quiz", "the submission, the result"),
        (ATTACH, "the quiz, the submission", "the result"),
    ],
)
def test_a_failure_halfway_reports_what_is_sent(
    student: Repository, canvas: Canvas, pattern: str, sent: str, unsent: str
) -> None:
    canvas.fail(pattern, 500, "oops")

    error = student.run_badly()

    assert error.endswith(f"; sent: {sent}; not sent: {unsent}")


def test_a_failure_halfway_has_its_parts_as_values(student: Repository, canvas: Canvas) -> None:
    canvas.fail(SUBMIT, 403, "not yours")

    error = student.run("--debug").exception

    assert isinstance(error, PartialSubmissionError)
    assert (error.path, error.reason) == (canvas.url, "Canvas says: not yours")
    assert (error.sent, error.unsent) == (("the quiz",), ("the submission", "the result"))


@pytest.mark.parametrize("pattern", [COMPLETE, SUBMIT, ATTACH, r"POST /store/\d+"])
def test_a_run_after_a_failure_submits(student: Repository, canvas: Canvas, pattern: str) -> None:
    canvas.fail(pattern, 500, "oops")
    student.run_badly()
    canvas.faults.clear()

    student.run_well()

    assert canvas.attempts[-1]["workflow_state"] == "complete"
    assert canvas.submissions[-1]["content"] == student.url


def test_a_used_up_quiz_does_not_block_the_assignment(student: Repository, canvas: Canvas) -> None:
    canvas.quiz()["allowed_attempts"] = 1
    canvas.fail(SUBMIT, 500, "oops")
    student.run_badly()
    canvas.faults.clear()

    error = student.run_badly()
    student.run_well("--no-quiz")

    assert "give --no-quiz" in error
    assert len(canvas.submissions) == 1


def test_a_lost_response_does_no_harm(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, send = threading.Event(), requests.Session.send
    canvas.faults[SUBMIT] = lambda request: released.wait(60)

    def send_hastily(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        assert options["timeout"] == TIMEOUT
        if re.fullmatch(SUBMIT, f"{request.method} {request.path_url}"):
            options["timeout"] = 0.2
        return send(session, request, **options)

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", send_hastily)

        error = student.run_badly()

    released.set()
    canvas.faults.clear()
    assert "took too long to respond; run again; sent: the quiz;" in error
    student.run_well()


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, {"message": "quiz is locked"}, "Canvas says: quiz is locked"),
        (403, {"errors": [{"message": "not yours"}]}, "Canvas says: not yours"),
        (401, {"status": "unauthorized", "message": "no right"}, "Canvas says: no right"),
        (404, {"errors": [{"message": "gone"}]}, "Canvas says: Not Found"),
        (409, {"message": "in conflict"}, "Canvas says: in conflict"),
        (422, {"errors": {"base": [{"message": "wrong"}]}}, "Canvas says: wrong"),
        (502, "<h1>Bad Gateway</h1>", "Canvas says: Encountered an error: status code 502"),
        (403, "<html><p>A proxy\nis here</p></html>", "Canvas says: A proxy is here"),
        (200, "<html>Log in</html>", "does not respond like Canvas; check CANVAS_URL"),
    ],
)
def test_an_error_of_canvas_is_one_line(
    student: Repository, canvas: Canvas, status: int, body: object, message: str
) -> None:
    canvas.fail(BEGIN, status, body)

    error = student.run_badly()

    assert error.startswith(f"error: {canvas.url}: {message}; sent: nothing")


def test_an_upload_without_confirmation_is_reported(student: Repository, canvas: Canvas) -> None:
    canvas.fail(rf"GET {API}/files/\d+/create_success", 200, {"upload_status": "failed"})

    error = student.run_badly()

    assert f"error: {RESULT}: {canvas.url} did not confirm the upload; run again" in error


def test_a_used_up_quota_is_reported(student: Repository, canvas: Canvas) -> None:
    body = {"attachments": [{"error": True, "message": "file size exceeds quota"}]}
    canvas.fail(rf"{BEGIN}/self/files", 200, body)

    error = student.run_badly()

    assert "file size exceeds quota" in error


def test_debug_raises_the_error(student: Repository, canvas: Canvas) -> None:
    canvas.assignment()["locked_for_user"] = True

    result = student.run("--debug")

    assert type(result.exception) is SubmissionError


def test_text_of_a_server_cannot_control_the_terminal(student: Repository, canvas: Canvas) -> None:
    canvas.begin_attempt()
    canvas.questions[1]["answers"][3]["text"] = "10-15\x1b[2J"
    canvas.quiz()["title"] = "Pset 4 Answers\x1b[2J"

    result = student.run_well("--quiz", "24", "--hours", "10-15\x1b[2J")

    assert "\x1b" not in result.output


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT")
def test_an_interrupted_run_reports_what_is_sent(student: Repository, canvas: Canvas) -> None:
    arrived, released = threading.Event(), threading.Event()

    def wait(request: Request) -> None:
        arrived.set()
        released.wait(60)

    canvas.faults[SUBMIT] = wait
    command = [sys.executable, "-m", "pset_4", "submit"]
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert arrived.wait(60)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
        released.set()

    assert process.returncode == 130
    assert output.splitlines()[-1] == "completed attempt 1 of the quiz Pset 4 Answers"
    assert errors == "interrupted: what was sent is kept; run again to continue\n"
