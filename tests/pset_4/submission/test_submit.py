"""A submission as the course wants it: what Canvas has afterwards, and the command's output."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from pset_4.cli import cli
from tests.support.canvas import CHANGING_METHODS, Canvas
from tests.support.pipeline.submissions import RESULT, Repository

STYLE, HOURS, COMMIT, CLEAN = 2460829, 2519518, 2519519, 2519520
"""The ids of the quiz's questions."""


def test_the_assignment_gets_the_url_of_the_commit(student: Repository, canvas: Canvas) -> None:
    student.run_well()

    (submission,) = canvas.submissions
    assert submission["submission_type"] == "online_url"
    assert submission["content"] == student.url


def test_the_comment_has_the_facts(student: Repository, canvas: Canvas) -> None:
    student.run_well()

    assert json.loads(canvas.comments[0]["text"]) == {
        "url": student.url,
        "commit": student.commit,
        "clean": True,
        "hours": "12",
        "style": "rain_princess.pth",
        "image": "luigi.jpg",
    }


def test_the_result_is_attached_to_the_same_attempt_byte_for_byte(
    student: Repository, canvas: Canvas
) -> None:
    student.run_well()
    student.run_well()

    attached = canvas.comments[-1]
    assert attached["attempt"] == canvas.submissions[-1]["attempt"] == 2
    assert canvas.content_of(attached["file"]) == (student.folder / RESULT).read_bytes()


def test_the_quiz_is_answered_and_completed(student: Repository, canvas: Canvas) -> None:
    student.run_well()

    style = canvas.answers.pop(STYLE)
    assert canvas.answers == {HOURS: "568", COMMIT: student.commit, CLEAN: "4031"}
    assert canvas.store.files[int(style)].name == "luigi.jpg"
    assert [attempt["workflow_state"] for attempt in canvas.attempts] == ["complete"]


def test_the_quiz_comes_before_the_assignment(student: Repository, canvas: Canvas) -> None:
    student.run_well()

    lines = canvas.lines("POST")
    completed = lines.index("POST /api/v1/courses/41/quizzes/24/submissions/9501/complete")
    assert completed < lines.index("POST /api/v1/courses/41/assignments/14/submissions")


def test_everything_is_looked_up_before_anything_is_sent(
    student: Repository, canvas: Canvas
) -> None:
    student.run_well()

    methods = [request.method for request in canvas.requests]
    looked_up = [request.line for request in canvas.requests[: methods.index("POST")]]
    assert "GET /api/v1/courses/41/quizzes/24/submissions" in looked_up


def test_the_output_has_a_line_for_each_step(student: Repository) -> None:
    comment = (
        f'{{"url": "{student.url}", "commit": "{student.commit}", "clean": true, "hours": "12", '
        '"style": "rain_princess.pth", "image": "luigi.jpg"}'
    )

    result = student.run_well()

    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "began attempt 1 of the quiz Pset 4 Answers",
        f"answered style: {RESULT}",
        "answered hours: 10-15",
        f"answered commit: {student.commit}",
        "answered clean: True",
        "completed attempt 1 of the quiz Pset 4 Answers",
        f"submitted {student.url} to the assignment Pset 4",
        f"commented {comment}",
        f"attached {RESULT}",
    ]


def test_an_assignment_that_accepts_only_files_gets_the_result(
    student: Repository, canvas: Canvas
) -> None:
    canvas.assignment()["submission_types"] = ["online_upload"]

    result = student.run_well()

    (submission,) = canvas.submissions
    assert submission["submission_type"] == "online_upload"
    assert canvas.store.files[int(submission["content"])].name == "luigi.jpg"
    assert json.loads(canvas.comments[0]["text"])["url"] == student.url
    assert f"submitted {RESULT} to the assignment Pset 4" in result.stdout


def test_another_image_by_another_model_is_submitted(student: Repository, canvas: Canvas) -> None:
    student.paint("candy.pth/cat.png", b"\x89PNG")

    student.run_well("--image", "cat.png", "--model", "candy.pth")

    assert canvas.content_of(canvas.comments[-1]["file"]) == b"\x89PNG"


def test_a_second_run_makes_new_attempts(student: Repository, canvas: Canvas) -> None:
    student.run_well()

    result = student.run_well()

    assert "began attempt 2" in result.stdout
    assert (len(canvas.attempts), len(canvas.submissions)) == (2, 2)


def test_an_unfinished_attempt_is_continued(student: Repository, canvas: Canvas) -> None:
    canvas.begin_attempt()

    result = student.run_well()

    assert "continued attempt 1 of the quiz" in result.stdout
    assert "POST /api/v1/courses/41/quizzes/24/submissions" not in canvas.lines("POST")


def test_the_attempt_of_another_user_is_left_alone(student: Repository, canvas: Canvas) -> None:
    theirs = canvas.begin_attempt(user_id=777)

    student.run_well()

    assert theirs["workflow_state"] == "untaken"


def test_without_the_quiz_only_the_assignment_is_sent(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PSET_4_HOURS")

    student.run_well("--no-quiz")

    assert (canvas.attempts, len(canvas.submissions)) == ([], 1)
    assert [line for line in canvas.lines(*CHANGING_METHODS) if "quiz" in line] == []


def test_names_are_found_in_any_case_and_by_id(student: Repository, canvas: Canvas) -> None:
    student.run_well("--course", "41", "--assignment", "pset 4", "--quiz", " PSET 4 answers ")

    assert len(canvas.submissions) == 1


def test_an_option_overrides_a_variable(student: Repository, canvas: Canvas) -> None:
    canvas.quizzes.append({"id": 25, "title": "Another", "allowed_attempts": -1})

    result = student.run_well("--dry-run", "--quiz", "Another")

    assert "of the quiz Another" in result.stdout


def test_settings_may_be_in_dotenv(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Set before they are removed, so that monkeypatch also removes what .env sets.
    for name in ("CANVAS_URL", "CANVAS_TOKEN"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    path = student.folder / ".env"
    path.write_text(f"CANVAS_URL={canvas.url}\nCANVAS_TOKEN={canvas.token}\n")
    path.chmod(0o600)

    student.run_well()

    assert len(canvas.submissions) == 1


def test_a_token_of_the_environment_is_not_sent_to_the_server_of_a_dotenv(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CANVAS_URL")
    path = student.folder / ".env"
    path.write_text(f"CANVAS_URL={canvas.url}\n")
    path.chmod(0o600)

    result = student.run()

    assert result.exit_code == 2
    assert "not set: CANVAS_URL" in result.stderr
    assert canvas.submissions == []


@pytest.mark.parametrize("name", ["CANVAS_URL", "CANVAS_TOKEN", "CANVAS_COURSE", "CANVAS_QUIZ"])
def test_a_missing_setting_is_named(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)

    result = student.run()

    assert (result.exit_code, result.stderr) == (
        2,
        f"error: not set: {name}; set them, or use --dry-run\n",
    )
    assert canvas.requests == []


def test_no_option_sets_the_token() -> None:
    assert "--token" not in CliRunner().invoke(cli, ["submit", "--help"]).stdout


def test_help_imports_nothing_heavy() -> None:
    heavy = ["canvasapi", "requests", "torch", "luigi", "PIL", "boto3"]
    program = (
        "import sys; from pset_4.cli import cli; "
        "cli(['submit', '--help'], standalone_mode=False); "
        f"sys.exit(', '.join(set({heavy}) & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", program]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")


def test_a_process_of_its_own_submits_without_a_warning(
    student: Repository, canvas: Canvas
) -> None:
    command = [sys.executable, "-W", "error::UserWarning", "-m", "pset_4", "submit"]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")
    assert len(canvas.submissions) == 1


def test_the_data_folder_may_be_named_before_the_command(
    student: Repository, canvas: Canvas
) -> None:
    (student.folder / "data").rename(student.folder / "elsewhere")
    with (student.folder / ".git/info/exclude").open("a") as ignored:
        ignored.write("/elsewhere/\n")

    result = CliRunner().invoke(cli, ["--data", "elsewhere", "submit"])

    assert result.exit_code == 0, result.output
    assert len(canvas.submissions) == 1


def test_missing_canvasapi_is_reported(
    student: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pset_4.submission.command.find_spec", lambda name: None)

    result = student.run()

    assert result.exit_code == 1
    assert "pip install '.[canvas]'" in result.stderr
