"""Handing in, as the course has it: what Canvas has afterwards, and what the screen says."""

import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from pset_4.cli import cli

STYLE, HOURS, COMMIT, CLEAN = 2460829, 2519518, 2519519, 2519520
"""The ids of the quiz's questions."""

SENDING = ("POST", "PUT", "DELETE", "PATCH")


def run_well(student: Any, *arguments: str) -> Any:
    result = student.run(*arguments)
    assert result.exit_code == 0, result.output
    return result


def test_the_assignment_gets_the_commits_address(student: Any, canvas: Any) -> None:
    run_well(student)
    assert [(entry["submission_type"], entry["content"]) for entry in canvas.submissions] == [
        ("online_url", student.url)
    ]


def test_the_comment_tells_the_facts(student: Any, canvas: Any) -> None:
    run_well(student)
    assert json.loads(canvas.comments[0]["text"]) == {
        "url": student.url,
        "commit": student.commit,
        "clean": True,
        "hours": "12",
        "style": "rain_princess.pth",
        "image": "luigi.jpg",
    }


def test_the_picture_is_attached_to_the_same_attempt_byte_for_byte(
    student: Any, canvas: Any
) -> None:
    run_well(student)
    run_well(student)
    attached = canvas.comments[-1]
    assert attached["attempt"] == canvas.submissions[-1]["attempt"] == 2
    content = (student.folder / "data/stylized/rain_princess.pth/luigi.jpg").read_bytes()
    assert canvas.files[attached["file"]]["content"] == content


def test_the_quiz_is_answered_and_completed(student: Any, canvas: Any) -> None:
    run_well(student)
    style = canvas.answers.pop(STYLE)
    assert canvas.answers == {HOURS: "568", COMMIT: student.commit, CLEAN: "4031"}
    assert canvas.files[int(style)]["name"] == "luigi.jpg"
    assert [attempt["workflow_state"] for attempt in canvas.attempts] == ["complete"]


def test_the_quiz_comes_before_the_assignment(student: Any, canvas: Any) -> None:
    run_well(student)
    lines = canvas.lines("POST")
    completed = lines.index("POST /api/v1/courses/41/quizzes/24/submissions/9501/complete")
    assert completed < lines.index("POST /api/v1/courses/41/assignments/14/submissions")


def test_everything_is_looked_up_before_anything_is_sent(student: Any, canvas: Any) -> None:
    run_well(student)
    methods = [request.method for request in canvas.requests]
    looked_up = canvas.requests[: methods.index("POST")]
    assert "GET /api/v1/courses/41/quizzes/24/submissions" in [entry.line for entry in looked_up]


def test_each_step_is_said(student: Any) -> None:
    comment = (
        f'{{"url": "{student.url}", "commit": "{student.commit}", "clean": true, "hours": "12", '
        '"style": "rain_princess.pth", "image": "luigi.jpg"}'
    )
    result = run_well(student)
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "began attempt 1 of the quiz Pset 4 Answers",
        "answered style: data/stylized/rain_princess.pth/luigi.jpg",
        "answered hours: 10-15",
        f"answered commit: {student.commit}",
        "answered clean: True",
        "completed attempt 1 of the quiz Pset 4 Answers",
        f"submitted {student.url} to the assignment Pset 4",
        f"commented {comment}",
        "attached data/stylized/rain_princess.pth/luigi.jpg",
    ]


def test_an_assignment_that_takes_files_only_gets_the_picture(student: Any, canvas: Any) -> None:
    canvas.assignment()["submission_types"] = ["online_upload"]
    result = run_well(student)
    (submission,) = canvas.submissions
    assert submission["submission_type"] == "online_upload"
    assert canvas.files[int(submission["content"])]["name"] == "luigi.jpg"
    assert json.loads(canvas.comments[0]["text"])["url"] == student.url
    picture = "data/stylized/rain_princess.pth/luigi.jpg"
    assert f"submitted {picture} to the assignment Pset 4" in result.stdout


def test_another_picture_in_another_style_is_handed_in(student: Any, canvas: Any) -> None:
    student.paint("candy.pth/cat.png", b"\x89PNG")
    run_well(student, "--image", "cat.png", "--model", "candy.pth")
    assert canvas.files[canvas.comments[-1]["file"]]["content"] == b"\x89PNG"


def test_a_second_run_makes_new_attempts(student: Any, canvas: Any) -> None:
    run_well(student)
    assert "began attempt 2" in run_well(student).stdout
    assert (len(canvas.attempts), len(canvas.submissions)) == (2, 2)


def test_an_unfinished_attempt_is_continued(student: Any, canvas: Any) -> None:
    canvas.begin_attempt()
    assert "continued attempt 1 of the quiz" in run_well(student).stdout
    assert "POST /api/v1/courses/41/quizzes/24/submissions" not in canvas.lines("POST")


def test_another_users_attempt_is_left_alone(student: Any, canvas: Any) -> None:
    theirs = canvas.begin_attempt(user_id=777)
    run_well(student)
    assert theirs["workflow_state"] == "untaken"


def test_without_the_quiz_only_the_assignment_is_sent(
    student: Any, canvas: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PSET_4_HOURS")
    run_well(student, "--no-quiz")
    assert (canvas.attempts, len(canvas.submissions)) == ([], 1)
    assert [line for line in canvas.lines(*SENDING) if "quiz" in line] == []


def test_names_are_found_in_any_case_and_by_id(student: Any, canvas: Any) -> None:
    options = ["--course", "41", "--assignment", "pset 4", "--quiz", " PSET 4 answers "]
    run_well(student, *options)
    assert len(canvas.submissions) == 1


def test_an_option_wins_over_a_variable(student: Any, canvas: Any) -> None:
    canvas.quizzes.append({"id": 25, "title": "Another", "allowed_attempts": -1})
    assert "of the quiz Another" in run_well(student, "--dry-run", "--quiz", "Another").stdout


def test_settings_may_stand_in_dotenv(
    student: Any, canvas: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Set before and taken away, so that what .env puts into the environment is taken out again.
    monkeypatch.setenv("CANVAS_TOKEN", "")
    monkeypatch.delenv("CANVAS_TOKEN")
    (student.folder / ".env").write_text(f"CANVAS_TOKEN={canvas.token}\n")
    run_well(student)
    assert len(canvas.submissions) == 1


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("CANVAS_URL", "error: not set: CANVAS_URL"),
        ("CANVAS_TOKEN", "error: not set: CANVAS_TOKEN"),
        ("CANVAS_COURSE", "error: not set: CANVAS_COURSE"),
        ("CANVAS_QUIZ", "error: not set: CANVAS_QUIZ"),
    ],
)
def test_a_setting_that_is_missing_is_named(
    student: Any, canvas: Any, monkeypatch: pytest.MonkeyPatch, missing: str, said: str
) -> None:
    monkeypatch.delenv(missing)
    result = student.run()
    assert (result.exit_code, result.stderr.splitlines()) == (2, [said])
    assert canvas.requests == []


@pytest.mark.parametrize("begun", [False, True])
def test_a_dry_run_sends_nothing(student: Any, canvas: Any, begun: bool) -> None:
    if begun:
        canvas.begin_attempt()
    run_well(student, "--dry-run")
    assert (canvas.lines(*SENDING), canvas.lines("GET") != []) == ([], True)


def test_a_dry_run_says_what_the_run_then_does(student: Any, canvas: Any) -> None:
    canvas.begin_attempt()
    canvas.questions.append(
        {"id": 6, "question_name": "Question 5", "question_type": "essay_question"}
        | {"question_text": "<p>Anything else?</p>"}
    )
    done = {
        "would continue": "continued",
        "would answer": "answered",
        "would leave": "left",
        "would complete": "completed",
        "would submit": "submitted",
        "would comment": "commented",
        "would attach": "attached",
    }
    dry = run_well(student, "--dry-run").stdout
    for planned, past in done.items():
        assert planned in dry
        dry = dry.replace(planned, past)
    assert dry == run_well(student).stdout


def test_a_dry_run_says_who_would_send(student: Any, canvas: Any) -> None:
    expected = f"looked up as Ada Lovelace at {canvas.url}\n"
    assert run_well(student, "--dry-run").stderr == expected


def test_before_an_attempt_a_dry_run_shows_all_answers(student: Any) -> None:
    result = run_well(student, "--dry-run")
    assert f"would answer commit, where asked: {student.commit}" in result.stdout


@pytest.mark.parametrize("missing", ["CANVAS_URL", "CANVAS_TOKEN"])
def test_a_dry_run_needs_no_canvas(
    student: Any, canvas: Any, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    result = run_well(student, "--dry-run")
    assert f"would submit {student.url} to the assignment Pset 4" in result.stdout
    assert "not looked up in Canvas" in result.stderr
    assert canvas.requests == []


def test_a_dry_run_needs_no_name(repository: Any) -> None:
    assert "to the assignment (not named)" in run_well(repository, "--dry-run").stdout


def test_a_dry_run_refuses_what_a_run_would(student: Any, canvas: Any) -> None:
    canvas.assignment()["locked_for_user"] = True
    assert student.run("--dry-run").exit_code == 1


def test_the_token_is_no_option() -> None:
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


def test_a_real_process_hands_in_without_a_warning(student: Any, canvas: Any) -> None:
    command = [sys.executable, "-W", "error::UserWarning", "-m", "pset_4", "submit"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(canvas.submissions) == 1


def test_the_data_folder_may_be_named_before_the_command(student: Any, canvas: Any) -> None:
    (student.folder / "data").rename(student.folder / "elsewhere")
    with (student.folder / ".git/info/exclude").open("a") as ignored:
        ignored.write("/elsewhere/\n")
    result = CliRunner().invoke(cli, ["--data", "elsewhere", "submit"])
    assert (result.exit_code, len(canvas.submissions)) == (0, 1), result.output


def test_that_canvasapi_is_missing_is_said(student: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pset_4.commands.submit.find_spec", lambda name: None)
    result = student.run()
    assert (result.exit_code, "pip install '.[canvas]'" in result.stderr) == (1, True)
