"""Shards: some hundred names of images each, in one small document of the run."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import PipelineError
from .coordination.documents import MAX_DOCUMENT_BYTES, Documents

SHARDS, CLAIMS, DONE, FAILURES = "shards", "claims", "done", "failures"
"""The folders of a run."""

_DIGITS = 7
_DONE_NAME = re.compile(rf"{DONE}/(\d+)-(\d+)-(\d+)-(\d+)-(\d+)")


@dataclass(frozen=True)
class Tally:
    """How many pictures there are of each outcome: one for each image in each style."""

    painted: int = 0
    current: int = 0
    """Results that were published before, by whomever."""
    failed: int = 0
    milliseconds: int = 0
    """The time of one worker."""

    def __add__(self, other: Tally) -> Tally:
        """Return the sum."""
        return Tally(
            self.painted + other.painted,
            self.current + other.current,
            self.failed + other.failed,
            self.milliseconds + other.milliseconds,
        )

    @property
    def pictures(self) -> int:
        """All pictures."""
        return self.painted + self.current + self.failed


def name_of(number: int) -> str:
    """Return what documents of a shard are called; sorted, they are in the order of numbers."""
    return f"{number:0{_DIGITS}}"


def claim_name(number: int) -> str:
    """Return the name of a shard's lease."""
    return f"{CLAIMS}/{name_of(number)}.json"


def number_of(name: str) -> int:
    """Return the number of a shard from the name of a document of it; -1 for another document."""
    found = re.match(rf"\w+/(\d{{{_DIGITS},}})", name)
    return int(found[1]) if found else -1


def write_shard(documents: Documents, number: int, names: Sequence[str]) -> bool:
    """Publish a shard; return whether it is there with these names."""
    data = gzip.compress("\n".join(names).encode(), mtime=0)
    return documents.create(f"{SHARDS}/{name_of(number)}.gz", data) is not None


def read_shard(documents: Documents, number: int) -> list[str]:
    """Return the names of images in a shard.

    Raises:
        PipelineError: It is missing or damaged.
    """
    name = f"{SHARDS}/{name_of(number)}.gz"
    found = documents.read(name)
    try:
        if found is None:
            raise ValueError("it is missing")
        # A limit, because somebody else may have written it.
        text = zlib.decompressobj(31).decompress(found.data, MAX_DOCUMENT_BYTES)
        return text.decode().split("\n")
    except (ValueError, zlib.error) as error:
        raise PipelineError(
            f"a shard that cannot be read ({error})",
            path=f"{documents.url}/{name}",
            remedy="remove the folder of this run, and begin another one",
        ) from error


def mark_done(documents: Documents, number: int, tally: Tally) -> None:
    """Publish that a shard is done.

    The figures are in the name, so that a listing tells them, of a thousand shards in a request.
    """
    figures = (tally.painted, tally.current, tally.failed, tally.milliseconds)
    name = f"{DONE}/{name_of(number)}-{'-'.join(map(str, figures))}"
    documents.create(name, b"done")


def list_done(documents: Documents, after: int = -1) -> Iterator[tuple[int, Tally, float]]:
    """Yield the shards that are done: number, figures and age in seconds, sorted by number.

    Args:
        documents: Those of the run.
        after: Up to and including this number, none is yielded.
    """
    earlier = after
    for name, age in documents.list(DONE, f"{name_of(after)}~" if after >= 0 else ""):
        found = _DONE_NAME.fullmatch(name)
        if found and int(found[1]) > earlier:  # one twice if two workers have painted it
            earlier = int(found[1])
            yield earlier, Tally(*map(int, found.groups()[1:])), age


def is_done(documents: Documents, number: int) -> bool:
    """Return whether a shard is done, in one request."""
    return next((each == number for each, _, _ in list_done(documents, number - 1)), False)
