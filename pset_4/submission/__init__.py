"""Submission of the work to a course on Canvas: a commit, a result, and a quiz's answers."""

from __future__ import annotations

URL_VARIABLE = "CANVAS_URL"
"""The environment variable with the URL of the Canvas server; no option sets it."""
TOKEN_VARIABLE = "CANVAS_TOKEN"
"""The environment variable with an access token of that server; no option sets it."""
COURSE_VARIABLE = "CANVAS_COURSE"
"""The environment variable with the name or id of the course."""
ASSIGNMENT_VARIABLE = "CANVAS_ASSIGNMENT"
"""The environment variable with the name or id of the assignment."""
QUIZ_VARIABLE = "CANVAS_QUIZ"
"""The environment variable with the name or id of the quiz."""
HOURS_VARIABLE = "PSET_4_HOURS"
"""The environment variable with the hours spent."""
