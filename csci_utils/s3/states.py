"""What is known about objects: asked once, read where S3 tells too little, and cached on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import Protocol

from ..answers import Answers
from ..digest import stream_digest
from ..transfers import retry
from .objects import ObjectState
from .reading import ObjectReader
from .requests import S3Requests


class KnownStates(Protocol):
    """States that are known without a request. Threads may share it."""

    def find(self, path: str) -> ObjectState | None:
        """Return the state of an object, None if it does not exist, or raise LookupError."""

    def keep(self, path: str, state: ObjectState | None) -> None:
        """Take note of what a request told."""

    def forget(self, path: str) -> None:
        """Take note that an object is being changed."""

    def forget_all(self) -> None:
        """Take note that any object may have changed."""


class ObjectStates:
    """Answers questions about objects. Threads may share it."""

    def __init__(self, requests: S3Requests) -> None:
        """Take what sends the questions."""
        self._requests = requests
        self._remembered: Answers[ObjectState | None] | None = None
        self._known: KnownStates | None = None

    @contextmanager
    def remembering(self, known: KnownStates | None = None) -> Iterator[None]:
        """Cache the state of each object while the body runs.

        Args:
            known: Is asked before S3 is.
        """
        self._remembered, self._known = Answers(), known
        try:
            yield
        finally:
            self._remembered = self._known = None

    def find(self, path: str) -> ObjectState | None:
        """Return the state of an object; None if it does not exist."""
        if self._remembered is None:
            return self._ask(path)
        return self._remembered.get(path, lambda: self._ask(path))

    def _ask(self, path: str) -> ObjectState | None:
        if self._known is None:
            return self._requests.state(path)
        with suppress(LookupError):
            return self._known.find(path)
        state = self._requests.state(path)
        self._known.keep(path, state)
        return state

    def is_known_to_exist(self, path: str) -> bool:
        """Return True if the cache has an object. Sends no request."""
        return self._remembered is not None and self._remembered.known(path) is not None

    def open(self, path: str) -> ObjectReader:
        """Open an object for reading."""
        take = self._expect(path)
        reader = self._requests.open(path)
        take(reader.state)
        return reader

    def read(self, path: str) -> ObjectState:
        """Read an object, and return its state with the SHA-256 of its bytes."""

        def read_once() -> ObjectState:
            take = self._expect(path)
            with closing(self._requests.open(path)) as reader:
                state = replace(reader.state, content_sha256=stream_digest(reader))
            take(state)
            return state

        return retry(read_once)

    def _expect(self, path: str) -> Callable[[ObjectState], None]:
        """Return what takes a state that is asked for now, while states are cached."""
        remembered, known = self._remembered, self._known
        cache = None if remembered is None else remembered.expect(path)

        def take(state: ObjectState) -> None:
            if cache is not None:
                cache(state)
            if known is not None:
                known.keep(path, state)

        return take

    def has_bytes(self, state: ObjectState, path: str, local_path: str) -> bool:
        """Return whether an object in this state has the bytes of a local file."""
        is_same = state.has_bytes_of(local_path)
        return bool(self.read(path).has_bytes_of(local_path)) if is_same is None else is_same

    def remember(self, path: str, state: ObjectState | None) -> None:
        """Cache a state, while states are cached."""
        if self._remembered is not None:
            self._remembered.keep(path, state)
        if self._known is not None:
            self._known.keep(path, state)

    def forget(self, path: str) -> None:
        """Drop the cached state of an object."""
        if self._known is not None:
            self._known.forget(path)
        if self._remembered is not None:  # second: it remembers what the other knew until now
            self._remembered.forget(path)

    def forget_all(self) -> None:
        """Drop all that is cached."""
        if self._known is not None:
            self._known.forget_all()
        if self._remembered is not None:
            self._remembered.forget_all()
