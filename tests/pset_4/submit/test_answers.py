"""A quiz's questions: which are meant, and what each kind is answered."""

from typing import Any

import pytest

HOURS = ["15+", "0-5", "5-10", "10-15"]


def ask(canvas: Any, kind: str, text: str, name: str = "Question 1", choices: Any = None) -> None:
    """Make this the quiz's only question, in an attempt that is begun."""
    question = {
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
def test_a_question_is_known_by_an_id_in_its_html(student: Any, canvas: Any, text: str) -> None:
    ask(canvas, "short_answer", text)
    assert student.run().exit_code == 0
    assert canvas.answers == {1: student.commit}


def test_a_question_is_known_by_its_name(student: Any, canvas: Any) -> None:
    ask(canvas, "short_answer", "<p>What is it?</p>", name="Commit ")
    assert student.run().exit_code == 0
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
def test_hours_fall_into_a_choice(student: Any, canvas: Any, hours: str, choice: str) -> None:
    ask(canvas, "multiple_choice", '<p id="hours"></p>', choices=HOURS)
    assert f"answered hours: {choice}\n" in student.run("--hours", hours).stdout
    assert canvas.answers == {1: str(10 + HOURS.index(choice))}


@pytest.mark.parametrize("hours", ["many", "-3", "7-12", "nan", "3 days"])
def test_hours_that_are_no_choice_are_refused_before_anything_is_sent(
    student: Any, canvas: Any, hours: str
) -> None:
    ask(canvas, "multiple_choice", '<p id="hours"></p>', choices=HOURS)
    result = student.run("--hours", hours)
    assert (result.exit_code, canvas.lines("POST")) == (1, [])
    assert "is none of its choices: " in result.stderr
    assert all(choice in result.stderr for choice in HOURS)


def test_hours_as_a_choice_reads_are_taken(student: Any, canvas: Any) -> None:
    ask(canvas, "multiple_choice", '<p id="hours"></p>', choices=["Too many", "Few"])
    assert student.run("--hours", "too many").exit_code == 0
    assert canvas.answers == {1: "10"}


def test_hours_as_a_number_are_taken(student: Any, canvas: Any) -> None:
    ask(canvas, "numerical", '<p id="hours"></p>')
    assert student.run("--hours", "12.50 h").exit_code == 0
    assert canvas.answers == {1: "12.5"}


@pytest.mark.parametrize("hours", ["15+", "10-15", "many"])
def test_hours_that_are_no_number_are_refused_where_one_is_asked_for(
    student: Any, canvas: Any, hours: str
) -> None:
    ask(canvas, "numerical", '<p id="hours"></p>')
    result = student.run("--hours", hours)
    assert (result.exit_code, canvas.lines("POST")) == (1, [])


def test_hours_may_be_missing_where_nobody_asks(
    student: Any, canvas: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PSET_4_HOURS")
    ask(canvas, "short_answer", '<p id="commit"></p>')
    assert student.run().exit_code == 0


@pytest.mark.parametrize("begun", [False, True])
def test_missing_hours_are_told_before_anything_is_sent(
    student: Any, canvas: Any, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    monkeypatch.delenv("PSET_4_HOURS")
    if begun:
        canvas.begin_attempt()
    result = student.run()
    assert (result.exit_code, canvas.lines("POST")) == (1, [])
    assert "give --hours, or set PSET_4_HOURS" in result.stderr


@pytest.mark.parametrize(
    ("choices", "picked"),
    [(["Yes", "No"], None), (["false", "true"], "11"), (["True", "False"], "10")],
)
def test_a_clean_work_tree_is_true(
    student: Any, canvas: Any, choices: list[str], picked: str | None
) -> None:
    ask(canvas, "true_false", '<p id="clean"></p>', choices=choices)
    assert student.run().exit_code == (1 if picked is None else 0)
    assert canvas.answers.get(1) == picked


@pytest.mark.parametrize("kind", ["short_answer", "essay"])
def test_a_style_that_is_asked_for_in_words_is_its_name(
    student: Any, canvas: Any, kind: str
) -> None:
    ask(canvas, kind, '<p id="style"></p>')
    student.run()
    assert canvas.answers == {1: "rain_princess.pth"}


def test_a_style_is_chosen_without_its_suffix(student: Any, canvas: Any) -> None:
    ask(canvas, "multiple_choice", '<p id="style"></p>', choices=["candy", "Rain_Princess"])
    student.run()
    assert canvas.answers == {1: "11"}


def test_other_questions_are_left_and_named(student: Any, canvas: Any) -> None:
    canvas.questions.append(
        {
            "id": 6,
            "question_name": "Question 5",
            "question_type": "essay_question",
            "question_text": "<p>Anything else?</p>",
        }
    )
    result = student.run()
    assert result.exit_code == 0
    assert "left Question 5, which asks for none of commit, clean, hours, style" in result.stdout
    assert 6 not in canvas.answers


def test_a_quiz_that_asks_for_nothing_known_is_not_completed(student: Any, canvas: Any) -> None:
    canvas.questions = [{**canvas.questions[0], "question_text": "<p>How are you?</p>"}]
    result = student.run()
    assert (result.exit_code, "is it the right one?" in result.stderr) == (1, True)
    assert [attempt["workflow_state"] for attempt in canvas.attempts] == ["untaken"]
    assert canvas.submissions == []


@pytest.mark.parametrize("kind", ["matching", "multiple_dropdowns", "file_upload"])
def test_a_kind_of_question_that_cannot_be_answered_is_refused(
    student: Any, canvas: Any, kind: str
) -> None:
    ask(canvas, kind, '<p id="commit"></p>')
    result = student.run()
    assert (result.exit_code, canvas.lines("POST")) == (1, [])
    assert f"the quiz asks for commit by a {kind}_question" in result.stderr
