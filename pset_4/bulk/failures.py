"""The table of failures: JSON Lines in the remote, a document for each shard that has any."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from csci_utils.errors import DescribedError
from csci_utils.text import one_line, redact

from .coordination.documents import Documents
from .shards import FAILURES, name_of

OF_NAMES = "-names"
"""Marks the document of names that cannot be used, which no shard has."""


@dataclass(frozen=True)
class FailedPicture:
    """A line of the table: an image that cannot be painted in a style."""

    image: str
    model: str
    """The style's name; empty if the image cannot be painted in any."""
    reason: str
    remedy: str

    def __str__(self) -> str:
        """Return it as one printable line."""
        style = f" in {self.model}" if self.model else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return one_line(f"{self.image}{style}: {self.reason}{remedy}")


def describe(image: str, model: str, error: DescribedError) -> FailedPicture:
    """Return the line about an error, without secrets and without paths of the worker."""
    reason, remedy = redact(one_line(error.reason)), redact(error.remedy)
    return FailedPicture(image, model, reason, remedy)


def write_failures(
    documents: Documents, number: int, failures: Sequence[FailedPicture], suffix: str = ""
) -> None:
    """Publish the failures of a shard, if there are any.

    Those of a worker that was killed before it was done are replaced.
    """
    name = f"{FAILURES}/{name_of(number)}{suffix}.jsonl"
    data = "".join(f"{json.dumps(asdict(each))}\n" for each in failures).encode()
    if failures or documents.read(name) is not None:
        documents.overwrite(name, data or b"\n")


def list_failures(documents: Documents) -> Iterator[FailedPicture]:
    """Yield all lines of the table; damaged ones are left out."""
    for name, _ in documents.list(FAILURES):
        found = documents.read(name)
        for line in (found.data if found else b"").splitlines():
            try:
                yield FailedPicture(**json.loads(line))
            except (ValueError, TypeError):
                continue
