"""The work to submit: a commit, a result, and the hours spent."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass

from ..errors import SubmissionError
from ..storage.records import is_unaltered
from ..styles.results import join_result
from . import repository


@dataclass(frozen=True)
class Work:
    """A clean commit, and a result that was painted on this machine."""

    commit: str
    """The full hash of the commit."""
    url: str
    """The URL of the commit's web page."""
    image: str
    """The name of the image."""
    model: str
    """The name of the model."""
    result_path: str
    """The path of the result: the image, stylized by the model."""
    hours: str | None
    """Hours spent: a number, or the text of a choice in the quiz; None if unknown."""

    def facts(self) -> dict[str, object]:
        """Return what is known, by the ids that mark a quiz's questions."""
        known = {"commit": self.commit, "clean": True, "hours": self.hours, "style": self.model}
        return {key: value for key, value in known.items() if value is not None}

    def comment(self) -> str:
        """Return a comment for the submission: what is known, as one line of JSON."""
        facts = {"url": self.url, **self.facts(), "image": self.image}
        return json.dumps(facts, ensure_ascii=False)


def find_work(
    results: str, image: str, model: str, hours: str | None, repository_url: str | None
) -> Work:
    """Find the work in the current folder's repository and check that it can be submitted.

    Args:
        results: The folder of results.
        image: The name of the image.
        model: The name of the model.
        hours: Hours spent; None or empty if unknown.
        repository_url: As in `repository.find_commit_url`.

    Raises:
        SubmissionError: The work tree is not clean, or the result does not exist or was altered.
    """
    commit = repository.read_commit()
    repository.check_clean()
    url = repository.find_commit_url(commit, repository_url)
    result_path = f"{results}/{join_result(model, image)}"
    command = ["python", "-m", "pset_4", "main", "--image", image, "--model", model]
    _check_result(result_path, f"run {shlex.join(command)}")
    return Work(commit, url, image, model, result_path, hours or None)


def _check_result(path: str, remedy: str) -> None:
    if not os.path.isfile(path):
        raise SubmissionError("the result does not exist", path=path, remedy=remedy)
    if not is_unaltered(path):
        raise SubmissionError("the result was altered", path=path, remedy=remedy)
