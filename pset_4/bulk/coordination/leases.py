"""Leases: claims that end by themselves unless their holder renews them.

A lease is a document in the remote. It is created, renewed and taken over on conditions, so there
is one holder at a time. Nobody compares the clocks of two machines: others judge its age by the
remote's clock, and the holder measures on its own how long ago it was renewed.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

from csci_utils.errors import CsciUtilsError

from .documents import Document, Documents

GRACE = 1.5
"""A lease may be taken over at this multiple of its duration. The holder ends at once when it is
over: what is being sent at that moment arrives before another holder begins."""

_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)


def read_stopwatch() -> float:
    """Return seconds that only grow, also while this machine is asleep (on Linux)."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


class LeaseLostError(CsciUtilsError, RuntimeError):
    """The lease is over, or another worker has taken it."""


@dataclass(frozen=True)
class LeaseState:
    """What a lease's document says."""

    owner: str
    """The worker that holds it."""
    attempt: int
    """How many workers have held it, this one included, that did not release it."""
    is_free: bool = False
    """Whether the worker has released it."""
    doing: str = ""
    """The image that the worker is painting, if an earlier worker was killed over this shard."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """What the worker says of its progress, by name."""

    def to_bytes(self) -> bytes:
        """Return the document, which is never the same twice."""
        return json.dumps({**vars(self), "nonce": secrets.token_hex(8)}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> LeaseState:
        """Return the state in a document; a damaged one is that of nobody."""
        try:
            values = json.loads(data)
            values.pop("nonce", None)
            return cls(**values)
        except (ValueError, TypeError, AttributeError):
            return cls("", 0)


class Lease:
    """A lease that this process holds. Threads may share it."""

    def __init__(
        self,
        documents: Documents,
        name: str,
        seconds: float,
        state: LeaseState,
        *,
        tag: str,
        begin: float,
    ) -> None:
        """Take a lease that was acquired at `begin`, by `read_stopwatch`; see `acquire`."""
        self.name = name
        self.seconds = seconds
        self.state = state
        self._documents = documents
        self._tag = tag
        self._lock = Lock()
        self._end = begin + seconds

    @property
    def is_held(self) -> bool:
        """Whether it is certain that no other worker holds it."""
        return read_stopwatch() < self._end

    def check(self) -> None:
        """Check that it is held.

        Raises:
            LeaseLostError: It is not.
        """
        if not self.is_held:
            raise LeaseLostError("not renewed in time", path=f"{self._documents.url}/{self.name}")

    def renew(self, doing: str | None = None, figures: Mapping[str, float] | None = None) -> None:
        """Begin its duration anew.

        Args:
            doing: As in `LeaseState`; None for what it says already.
            figures: The same.

        Raises:
            LeaseLostError: Another worker has it.
            S3Error, OSError: The remote refuses; it is held until its end.
        """

        def change(state: LeaseState) -> LeaseState:
            return replace(
                state,
                is_free=False,
                doing=state.doing if doing is None else doing,
                figures=state.figures if figures is None else figures,
            )

        self._write(change)

    def release(self) -> None:
        """Let others have it at once."""
        self._write(lambda state: LeaseState(state.owner, max(state.attempt - 1, 0), is_free=True))
        self._end = 0.0

    def _write(self, change: Callable[[LeaseState], LeaseState]) -> None:
        with self._lock:
            begin, state = read_stopwatch(), change(self.state)
            tag = self._documents.replace(self.name, state.to_bytes(), self._tag)
            if tag is None:
                self._end = 0.0
                path = f"{self._documents.url}/{self.name}"
                raise LeaseLostError("another worker has taken it", path=path)
            self.state, self._tag = state, tag
            self._end = begin + self.seconds


def acquire(documents: Documents, name: str, seconds: float, owner: str) -> Lease | None:
    """Acquire a lease that does not exist yet; return None if it does.

    Args:
        documents: Those of the run.
        name: The lease's document.
        seconds: How long it lasts.
        owner: This worker.
    """
    state, begin = LeaseState(owner, 1), read_stopwatch()
    tag = documents.create(name, state.to_bytes())
    if tag is None:
        return None
    return Lease(documents, name, seconds, state, tag=tag, begin=begin)


def take_over(documents: Documents, name: str, seconds: float, owner: str) -> Lease | None:
    """Acquire a lease that was released, or whose holder does not renew it any more.

    Its `state.doing` is what the last holder was painting. None if it is held.
    """
    found = documents.read(name)
    if found is None:
        return acquire(documents, name, seconds, owner)
    if not is_free(found, seconds):
        return None
    earlier = LeaseState.from_bytes(found.data)
    attempt = earlier.attempt + 1
    state = LeaseState(owner, attempt, doing=earlier.doing, figures=earlier.figures)
    begin = read_stopwatch()
    tag = documents.replace(name, state.to_bytes(), found.tag)
    if tag is None:
        return None
    return Lease(documents, name, seconds, state, tag=tag, begin=begin)


def is_free(found: Document, seconds: float) -> bool:
    """Return whether a lease may be taken over."""
    return found.age > seconds * GRACE or LeaseState.from_bytes(found.data).is_free
