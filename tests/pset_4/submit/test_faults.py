"""What is refused, what breaks on the way, and that the token stays where it is."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from typing import Any

import pytest

API = "/api/v1"
COMPLETE = rf"POST {API}/courses/41/quizzes/24/submissions/\d+/complete"
SUBMIT = rf"POST {API}/courses/41/assignments/14/submissions"
ATTACH = rf"PUT {API}/courses/41/assignments/14/submissions/501"


def fails(student: Any, *arguments: str) -> str:
    """Run the command, which must fail in one line; the line."""
    result = student.run(*arguments)
    lines = result.stderr.splitlines()
    assert (result.exit_code, len(lines)) == (1, 1), result.output
    assert lines[0].startswith("error: ")
    return str(lines[0])


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--course", "no course named 'x'; those there are: 'Calculus' (id 39), 'Advanced Python"),
        ("--assignment", "no assignment named 'x'; those there are: 'Pset 1' (id 11), 'Pset 2'"),
        ("--quiz", "no quiz named 'x'; those there are: 'Pset 1 Answers' (id 21), 'Pset 2"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_those_that_are(
    student: Any, canvas: Any, option: str, said: str
) -> None:
    assert said in fails(student, option, "x")
    assert canvas.lines("POST") == []


def test_a_name_that_is_there_twice_is_refused(student: Any, canvas: Any) -> None:
    canvas.assignments.append({**canvas.assignment(), "id": 99})
    assert "more than one assignment named 'Pset 4'" in fails(student)
    assert canvas.submissions == []


def test_a_name_that_is_there_twice_is_told_apart_by_its_id(student: Any, canvas: Any) -> None:
    canvas.assignments.append({**canvas.assignment(), "id": 99})
    assert student.run("--assignment", "14").exit_code == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"submission_types": ["on_paper", "none"]}, "takes on_paper, none"),
        ({"locked_for_user": True}, "is locked"),
        (
            {"submission_types": ["online_upload"], "allowed_extensions": ["pdf", "PNG"]},
            "takes files of the kinds pdf, PNG: not luigi.jpg",
        ),
    ],
)
def test_an_assignment_that_does_not_take_it_is_told_before_anything_is_sent(
    student: Any, canvas: Any, change: dict[str, Any], said: str
) -> None:
    canvas.assignment().update(change)
    assert f"the assignment 'Pset 4' {said}" in fails(student)
    assert canvas.lines("POST") == []


def test_an_assignment_with_all_its_submissions_is_told_before_anything_is_sent(
    student: Any, canvas: Any
) -> None:
    canvas.assignment()["allowed_attempts"] = 1
    assert student.run().exit_code == 0
    sent = canvas.lines("POST")
    assert "takes 1 submissions, and has them" in fails(student)
    assert canvas.lines("POST") == sent


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("locked_for_user", "is locked"),
        ("one_question_at_a_time", "shows one question at a time"),
        ("has_access_code", "asks for an access code"),
    ],
)
def test_a_quiz_that_cannot_be_taken_is_told_before_anything_is_sent(
    student: Any, canvas: Any, field: str, said: str
) -> None:
    canvas.quiz()[field] = True
    assert f"the quiz 'Pset 4 Answers' {said}" in fails(student)
    assert canvas.lines("POST") == []


def test_a_quiz_without_attempts_left_is_told_before_anything_is_sent(
    student: Any, canvas: Any
) -> None:
    canvas.quiz()["allowed_attempts"] = 1
    canvas.begin_attempt(state="complete")
    assert "no attempt of the quiz 'Pset 4 Answers' is left after 1" in fails(student)
    assert canvas.lines("POST") == []


def test_an_attempt_that_is_begun_elsewhere_meanwhile_is_told(student: Any, canvas: Any) -> None:
    canvas.faults[rf"POST {API}/courses/41/quizzes/24/submissions"] = lambda request: (
        canvas.begin_attempt()
    )
    assert "a quiz submission already exists" in fails(student)
    assert "continued attempt 1" in student.run().stdout


@pytest.mark.parametrize(
    ("pattern", "sent", "left"),
    [
        (COMPLETE, "nothing", "the quiz, the submission, the picture"),
        (SUBMIT, "the quiz", "the submission, the picture"),
        (ATTACH, "the quiz, the submission", "the picture"),
    ],
)
def test_a_failure_half_way_tells_what_is_sent(
    student: Any, canvas: Any, pattern: str, sent: str, left: str
) -> None:
    canvas.fail(pattern, 500, "oops")
    assert fails(student).endswith(f"; sent: {sent}; not sent: {left}")


@pytest.mark.parametrize("pattern", [COMPLETE, SUBMIT, ATTACH, r"POST /store/\d+"])
def test_a_run_after_a_failure_hands_in(student: Any, canvas: Any, pattern: str) -> None:
    canvas.fail(pattern, 500, "oops")
    fails(student)
    canvas.faults.clear()
    assert student.run().exit_code == 0
    assert canvas.attempts[-1]["workflow_state"] == "complete"
    assert canvas.submissions[-1]["content"] == student.url


def test_a_quiz_that_is_used_up_does_not_block_the_assignment(student: Any, canvas: Any) -> None:
    canvas.quiz()["allowed_attempts"] = 1
    canvas.fail(SUBMIT, 500, "oops")
    fails(student)
    canvas.faults.clear()
    assert "--no-quiz" in fails(student)
    assert student.run("--no-quiz").exit_code == 0
    assert len(canvas.submissions) == 1


def test_a_lost_answer_does_no_harm(
    student: Any, canvas: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr("pset_4.submission.canvas.TIMEOUT", (5.0, 0.2))
    canvas.faults[SUBMIT] = lambda request: released.wait(20)
    assert "takes too long to answer: run again; sent: the quiz;" in fails(student)
    released.set()
    canvas.faults.clear()
    monkeypatch.setattr("pset_4.submission.canvas.TIMEOUT", (5.0, 20.0))
    assert student.run().exit_code == 0


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (400, {"message": "quiz is locked"}, "says: quiz is locked"),
        (403, {"errors": [{"message": "not yours"}]}, "says: not yours"),
        (401, {"status": "unauthorized", "message": "no right"}, "says: no right"),
        (404, {"errors": [{"message": "gone"}]}, "says: Not Found"),
        (409, {"message": "in conflict"}, "says: in conflict"),
        (422, {"errors": {"base": [{"message": "wrong"}]}}, "says: wrong"),
        (502, "<h1>Bad Gateway</h1>", "says: Encountered an error: status code 502"),
        (403, "<html><p>A proxy\nis here</p></html>", "says: A proxy is here"),
        (200, "<html>Log in</html>", "does not answer as Canvas does: check CANVAS_URL"),
    ],
)
def test_what_canvas_says_is_one_line(
    student: Any, canvas: Any, status: int, said: object, expected: str
) -> None:
    canvas.fail(rf"POST {API}/courses/41/quizzes/24/submissions", status, said)
    assert f"{expected}; sent: nothing" in fails(student)


def test_an_upload_that_is_not_confirmed_is_told(student: Any, canvas: Any) -> None:
    canvas.fail(rf"GET {API}/files/\d+/create_success", 200, {"upload_status": "failed"})
    assert "did not confirm the upload of data/stylized/" in fails(student)


def test_a_quota_that_is_used_up_is_told(student: Any, canvas: Any) -> None:
    said = {"attachments": [{"error": True, "message": "file size exceeds quota"}]}
    canvas.fail(rf"POST {API}/courses/41/quizzes/24/submissions/self/files", 200, said)
    assert "file size exceeds quota" in fails(student)


@pytest.mark.parametrize("said", ["<html>", [], {"hello": "world"}, "null"])
def test_a_server_that_is_no_canvas_is_told(student: Any, canvas: Any, said: object) -> None:
    canvas.fail(rf"GET {API}/users/self", 200, said)
    assert "does not answer as Canvas does: check CANVAS_URL" in fails(student)


def test_an_unreachable_server_is_told(student: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("CANVAS_URL", url)
        assert f"error: {url} cannot be reached: " in fails(student)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("canvas.example.edu", "that is no address of a web server"),
        ("ftp://canvas.example.edu", "that is no address of a web server"),
        ("https://", "that is no address of a web server"),
        ("https://host:port", "that is no address of a web server"),
        ("https://[::1", "that is no address of a web server"),
        ("http://canvas.example.edu", "http:// would send the token for all to read"),
        ("http://127.0.0.1.example.edu", "http:// would send the token for all to read"),
    ],
)
def test_an_address_that_is_none_or_not_safe_is_refused(
    student: Any, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("CANVAS_URL", url)
    result = student.run()
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert said in result.stderr


def test_any_page_of_canvas_names_the_server(
    student: Any, canvas: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANVAS_URL", f" {canvas.url}/courses/41/assignments?x=1 ")
    assert student.run().exit_code == 0


def test_a_wrong_token_is_told_with_the_remedy(
    student: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANVAS_TOKEN", "another-token")
    line = fails(student)
    assert ("does not know the token in CANVAS_TOKEN" in line, "another" in line) == (True, False)


@pytest.mark.parametrize("token", ["two\nlines", "with space", "gehe\u00efm", "\u200bhidden"])
def test_a_token_that_is_none_is_refused_without_repeating_it(
    student: Any, canvas: Any, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("CANVAS_TOKEN", token)
    result = student.run("--debug")
    said = result.output + "".join(traceback.format_exception(result.exception))
    assert ("CANVAS_TOKEN is no token" in said, token in said) == (True, False)
    assert canvas.requests == []


def test_the_token_is_in_no_output_and_no_log(
    student: Any, canvas: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    result = student.run("--debug")
    assert (result.exit_code, len(canvas.submissions)) == (0, 1)
    said = result.output + caplog.text
    # Not even its end, which canvasapi logs.
    assert [part for part in (canvas.token, canvas.token[-4:]) if part in said] == []


@pytest.mark.parametrize("status", [400, 403, 422])
@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_server_that_repeats_the_token_does_not_get_it_shown(
    student: Any, canvas: Any, status: int, debug: list[str]
) -> None:
    canvas.fail(rf"GET {API}/courses", status, f"You sent: Bearer {canvas.token}")
    result = student.run(*debug)
    said = result.output + "".join(traceback.format_exception(result.exception))
    assert ("You sent: Bearer ***" in said, canvas.token in said) == (True, False)


def test_debug_shows_the_traceback(student: Any, canvas: Any) -> None:
    canvas.assignment()["locked_for_user"] = True
    result = student.run("--debug")
    assert type(result.exception).__name__ == "HandInError"


def test_what_a_server_says_cannot_steer_the_terminal(student: Any, canvas: Any) -> None:
    canvas.begin_attempt()
    canvas.questions[1]["answers"][3]["text"] = "10-15\x1b[2J"
    canvas.quiz()["title"] = "Pset 4 Answers\x1b[2J"
    result = student.run("--quiz", "24", "--hours", "10-15\x1b[2J")
    assert (result.exit_code, "\x1b" in result.output) == (0, False)


@pytest.mark.skipif(os.name != "posix", reason="this system has no such signals")
def test_an_interrupted_run_says_what_is_sent(student: Any, canvas: Any) -> None:
    arrived, released = threading.Event(), threading.Event()

    def wait(request: Any) -> None:
        arrived.set()
        released.wait(20)

    canvas.faults[SUBMIT] = wait
    command = [sys.executable, "-m", "pset_4", "submit"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        assert arrived.wait(20)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
        released.set()
    assert process.returncode == 130
    assert output.splitlines()[-1] == "completed attempt 1 of the quiz Pset 4 Answers"
    assert errors == "interrupted: what is sent stays; run again to go on\n"
