"""Which questions of a quiz are answered, and how each type of question is answered."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.support.canvas import Canvas, Json
from tests.support.pipeline.submissions import Repository

HOURS = ["15+", "0-5", "5-10", "10-15"]


def ask(
    canvas: Canvas, kind: str, text: str, name: str = "Question 1", choices: Sequence[str] = ()
) -> None:
    """Make this the quiz's only question, in an attempt that is begun."""
    question: Json = {
        "id": 1,
        "question_name": name,
        "question_type": f"{kind}_question",
        "question_text": text,
    }
    if choices:
        question["answers"] = [{"id": 10 + at, "text": each} for at, each in enumerate(choices)]
    canvas.questions = [question]
    canvas.begin_attempt()


@pytest.mark.parametrize(
    "text",
    [
        '<p id="commit">What is the commit id?</p>',
        "<div><p class='x' id='Commit'>What is it?</p></div>",
        "<p>What is it?</p><span id=commit></span>",
    ],
)
def test_an_id_in_its_html_identifies_a_question(
    student: Repository, canvas: Canvas, text: str
) -> None:
    ask(canvas, "short_answer", text)

    student.run_well()

    assert canvas.answers == {1: student.commit}


def test_its_name_identifies_a_question(student: Repository, canvas: Canvas) -> None:
    ask(canvas, "short_answer", "<p>What is it?</p>", name="Commit ")

    student.run_well()

    assert canvas.answers == {1: student.commit}


@pytest.mark.parametrize(
    ("hours", "choice"),
    [
        ("0", "0-5"),
        ("5", "0-5"),
        ("5.5", "5-10"),
        ("12", "10-15"),
        ("12 hours", "10-15"),
        ("10-15", "10-15"),
        ("10 - 15", "10-15"),
        ("15+", "15+"),
        ("40", "15+"),
    ],
)
def test_hours_select_the_choice_that_includes_them(
    student: Repository, canvas: Canvas, hours: str, choice: str
) -> None:
    ask(canvas, "multiple_choice", '<p id="hours"></p>', choices=HOURS)

    result = student.run_well("--hours", hours)

    assert f"answered hours: {choice}\n" in result.stdout
    assert canvas.answers == {1: str(10 + HOURS.index(choice))}


@pytest.mark.parametrize("hours", ["many", "-3", "7-12", "nan", "3 days"])
def test_hours_outside_the_choices_are_refused_before_sending(
    student: Repository, canvas: Canvas, hours: str
) -> None:
    ask(canvas, "multiple_choice", '<p id="hours"></p>', choices=HOURS)

    error = student.run_badly("--hours", hours)

    assert f"{hours!r} is not one of its choices; choose from " in error
    assert all(repr(choice) in error for choice in HOURS)
    assert canvas.lines("POST") == []


def test_hours_may_be_the_text_of_a_choice(student: Repository, canvas: Canvas) -> None:
    ask(canvas, "multiple_choice", '<p id="hours"></p>', choices=["Too many", "Few"])

    student.run_well("--hours", "too many")

    assert canvas.answers == {1: "10"}


def test_hours_may_be_a_number(student: Repository, canvas: Canvas) -> None:
    ask(canvas, "numerical", '<p id="hours"></p>')

    student.run_well("--hours", "12.50 h")

    assert canvas.answers == {1: "12.5"}


@pytest.mark.parametrize("hours", ["15+", "10-15", "many"])
def test_hours_that_are_not_a_number_are_refused_where_one_is_asked(
    student: Repository, canvas: Canvas, hours: str
) -> None:
    ask(canvas, "numerical", '<p id="hours"></p>')

    error = student.run_badly("--hours", hours)

    assert f"by a numerical_question, which takes no {hours!r}" in error
    assert canvas.lines("POST") == []


def test_hours_may_be_missing_where_no_question_asks(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PSET_4_HOURS")
    ask(canvas, "short_answer", '<p id="commit"></p>')

    student.run_well()

    assert canvas.answers == {1: student.commit}


@pytest.mark.parametrize("is_begun", [False, True])
def test_missing_hours_are_reported_before_sending(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch, is_begun: bool
) -> None:
    monkeypatch.delenv("PSET_4_HOURS")
    if is_begun:
        canvas.begin_attempt()

    error = student.run_badly()

    assert error.endswith("; give --hours, or set PSET_4_HOURS")
    assert canvas.lines("POST") == []


@pytest.mark.parametrize(
    ("choices", "answer"), [(["false", "true"], "11"), (["True", "False"], "10")]
)
def test_a_clean_work_tree_is_true(
    student: Repository, canvas: Canvas, choices: list[str], answer: str
) -> None:
    ask(canvas, "true_false", '<p id="clean"></p>', choices=choices)

    student.run_well()

    assert canvas.answers == {1: answer}


def test_a_choice_without_true_is_refused(student: Repository, canvas: Canvas) -> None:
    ask(canvas, "true_false", '<p id="clean"></p>', choices=["Yes", "No"])

    error = student.run_badly()

    assert "'True' is not one of its choices; choose from " in error
    assert canvas.answers == {}


@pytest.mark.parametrize("kind", ["short_answer", "essay"])
def test_a_style_in_words_is_the_name_of_the_model(
    student: Repository, canvas: Canvas, kind: str
) -> None:
    ask(canvas, kind, '<p id="style"></p>')

    student.run_well()

    assert canvas.answers == {1: "rain_princess.pth"}


def test_a_style_is_chosen_without_its_suffix(student: Repository, canvas: Canvas) -> None:
    ask(canvas, "multiple_choice", '<p id="style"></p>', choices=["candy", "Rain_Princess"])

    student.run_well()

    assert canvas.answers == {1: "11"}


def test_other_questions_are_left_and_named(student: Repository, canvas: Canvas) -> None:
    question: Json = {
        "id": 6,
        "question_name": "Question 5",
        "question_type": "essay_question",
        "question_text": "<p>Anything else?</p>",
    }
    canvas.questions.append(question)

    result = student.run_well()

    assert "left Question 5, which asks for none of commit, clean, hours, style" in result.stdout
    assert 6 not in canvas.answers


def test_a_quiz_without_known_questions_is_not_completed(
    student: Repository, canvas: Canvas
) -> None:
    canvas.questions = [{**canvas.questions[0], "question_text": "<p>How are you?</p>"}]

    error = student.run_badly()

    assert "no question about any of commit, clean, hours, style; name another quiz" in error
    assert [attempt["workflow_state"] for attempt in canvas.attempts] == ["untaken"]
    assert canvas.submissions == []


@pytest.mark.parametrize("kind", ["matching", "multiple_dropdowns", "file_upload"])
def test_an_unsupported_type_of_question_is_refused(
    student: Repository, canvas: Canvas, kind: str
) -> None:
    ask(canvas, kind, '<p id="commit"></p>')

    error = student.run_badly()

    assert f"the quiz asks for commit by a {kind}_question" in error
    assert canvas.lines("POST") == []
