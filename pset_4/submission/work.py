"""What is handed in: a commit, a stylized picture, and the hours spent."""

import json
import os
import shlex
from dataclasses import dataclass

from ..errors import HandInError
from ..records import is_unaltered
from . import repository


@dataclass(frozen=True)
class Work:
    """A clean commit, and a picture that was painted here."""

    commit: str
    """The full hash."""
    url: str
    """The commit's address on the web."""
    image: str
    model: str
    picture_path: str
    hours: str | None
    """Hours spent: a number, or as a choice of the quiz reads; None if nobody said."""

    def facts(self) -> dict[str, object]:
        """What a quiz may ask for, by the id of the question."""
        known = {"commit": self.commit, "clean": True, "hours": self.hours, "style": self.model}
        return {key: value for key, value in known.items() if value is not None}

    def comment(self) -> str:
        """All of it as JSON, for people and programs."""
        facts = {"url": self.url, **self.facts(), "image": self.image}
        return json.dumps(facts, ensure_ascii=False)


def find_work(
    results: str, image: str, model: str, hours: str | None, repository_url: str | None
) -> Work:
    """What is handed in from the current folder's repository.

    Args:
        results: the folder of results.
        image: the picture's name.
        model: the style that it is painted in.
        hours: hours spent; None or empty if nobody said.
        repository_url: see `repository.find_commit_url`.

    Raises:
        HandInError: something is not committed, not painted, or altered since.
    """
    commit = repository.read_commit()
    repository.check_clean()
    url = repository.find_commit_url(commit, repository_url)
    path = f"{results}/{model}/{image}"
    paint = shlex.join(["python", "-m", "pset_4", "main", "--image", image, "--model", model])
    if not os.path.isfile(path):
        raise HandInError(f"there is no {path}: run {paint}")
    if not is_unaltered(path):
        raise HandInError(f"{path} is not as it was painted: run {paint}")
    return Work(commit, url, image, model, path, hours or None)
