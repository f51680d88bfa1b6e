"""The course on the Canvas server: its user, assignments, quizzes and questions."""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]
"""A resource of Canvas's API: a JSON object with Canvas's own names."""

TOKEN = "7~a-token-that-nobody-may-see-Zq9x"
"""The access token that the server accepts."""

ME: Json = {"id": 501, "name": "Ada Lovelace"}
"""The user to whom the token belongs."""

COURSE: Json = {"id": 41, "name": "Advanced Python for Data Science", "course_code": "CSCI E-29"}
"""The course with the assignments and quizzes."""

_COURSES: list[Json] = [
    {"id": 39, "name": "Calculus"},
    {"id": 40, "access_restricted_by_date": True},
    COURSE,
]

_ASSIGNMENTS: list[Json] = [
    {"id": 11, "course_id": 41, "name": "Pset 1", "submission_types": ["online_url"]},
    {"id": 12, "course_id": 41, "name": "Pset 2", "submission_types": ["on_paper"]},
    {
        "id": 14,
        "course_id": 41,
        "name": "Pset 4",
        "submission_types": ["online_url", "online_upload"],
    },
]

_QUIZZES: list[Json] = [
    {"id": 21, "title": "Pset 1 Answers", "allowed_attempts": 1},
    {"id": 22, "title": "Pset 2 Answers", "allowed_attempts": 1},
    {"id": 24, "title": "Pset 4 Answers", "allowed_attempts": -1},
]

_QUESTIONS: list[Json] = [
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


def list_courses() -> list[Json]:
    """Return new copies of the user's courses."""
    return copy.deepcopy(_COURSES)


def list_assignments() -> list[Json]:
    """Return new copies of the course's assignments."""
    return copy.deepcopy(_ASSIGNMENTS)


def list_quizzes() -> list[Json]:
    """Return new copies of the course's quizzes."""
    return copy.deepcopy(_QUIZZES)


def list_questions() -> list[Json]:
    """Return new copies of the questions of "Pset 4 Answers", which ids in the HTML mark."""
    return copy.deepcopy(_QUESTIONS)
