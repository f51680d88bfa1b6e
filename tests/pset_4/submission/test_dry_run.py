"""Dry runs of a submission, which send nothing."""

from __future__ import annotations

import pytest

from tests.support.canvas import CHANGING_METHODS, Canvas
from tests.support.pipeline.submissions import Repository


@pytest.mark.parametrize("is_begun", [False, True])
def test_a_dry_run_sends_nothing(student: Repository, canvas: Canvas, is_begun: bool) -> None:
    if is_begun:
        canvas.begin_attempt()

    student.run_well("--dry-run")

    assert canvas.lines(*CHANGING_METHODS) == []
    assert canvas.lines("GET") != []


def test_a_dry_run_prints_what_the_run_then_does(student: Repository, canvas: Canvas) -> None:
    canvas.begin_attempt()
    canvas.questions.append(
        {"id": 6, "question_name": "Question 5", "question_type": "essay_question"}
        | {"question_text": "<p>Anything else?</p>"}
    )
    past = {
        "would continue": "continued",
        "would answer": "answered",
        "would leave": "left",
        "would complete": "completed",
        "would submit": "submitted",
        "would comment": "commented",
        "would attach": "attached",
    }

    planned = student.run_well("--dry-run").stdout
    done = student.run_well().stdout

    for would, did in past.items():
        assert would in planned
        planned = planned.replace(would, did)
    assert planned == done


def test_a_dry_run_prints_who_would_send(student: Repository, canvas: Canvas) -> None:
    result = student.run_well("--dry-run")

    assert result.stderr == f"looked up as Ada Lovelace at {canvas.url}\n"


def test_before_an_attempt_a_dry_run_prints_all_answers(student: Repository) -> None:
    result = student.run_well("--dry-run")

    assert f"would answer commit, where asked: {student.commit}" in result.stdout


@pytest.mark.parametrize("name", ["CANVAS_URL", "CANVAS_TOKEN"])
def test_a_dry_run_needs_no_canvas(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)

    result = student.run_well("--dry-run")

    assert f"would submit {student.url} to the assignment Pset 4" in result.stdout
    assert "not looked up in Canvas" in result.stderr
    assert canvas.requests == []


def test_a_dry_run_needs_no_name(repository: Repository) -> None:
    result = repository.run_well("--dry-run")

    assert "to the assignment (not named)" in result.stdout


def test_a_dry_run_refuses_what_a_run_would(student: Repository, canvas: Canvas) -> None:
    canvas.assignment()["locked_for_user"] = True

    error = student.run_badly("--dry-run")

    assert error == "error: the assignment 'Pset 4' is locked"
