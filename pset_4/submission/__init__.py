"""Handing the work in: what git and the pipeline have, sent to a course on Canvas."""

URL_VARIABLE = "CANVAS_URL"
TOKEN_VARIABLE = "CANVAS_TOKEN"
COURSE_VARIABLE = "CANVAS_COURSE"
ASSIGNMENT_VARIABLE = "CANVAS_ASSIGNMENT"
QUIZ_VARIABLE = "CANVAS_QUIZ"
HOURS_VARIABLE = "PSET_4_HOURS"
"""Where settings come from, besides options; the first two from nowhere else."""
