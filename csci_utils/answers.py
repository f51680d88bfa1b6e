"""A cache of answers about files or objects, until these change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Answers(Generic[Value]):
    """Remembers an answer for each path or URL. Threads may share it.

    An answer that arrives after its path was forgotten reaches only whoever asked, since it may
    tell what was there before.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        # Each list is empty until its answer has arrived. Forgetting a path takes the list out, so
        # what is put into it later is not found.
        self._answers: dict[str, list[Value]] = {}

    def get(self, path: str, ask: Callable[[], Value]) -> Value:
        """Return what is remembered, or else what `ask` returns. Its errors are not remembered."""
        answer = self._answers.setdefault(path, [])
        if not answer:
            answer[:] = [ask()]
        return answer[0]

    def expect(self, path: str) -> Callable[[Value], None]:
        """Return what takes an answer that is asked for from now on, whatever is remembered."""
        answer = self._answers.setdefault(path, [])

        def take(value: Value) -> None:
            answer[:] = [value]

        return take

    def known(self, path: str) -> Value | None:
        """Return what is remembered, or None."""
        answer = self._answers.get(path)
        return answer[0] if answer else None

    def keep(self, path: str, value: Value) -> None:
        """Remember an answer that was not asked for here, such as that to a request that wrote."""
        self._answers[path] = [value]

    def forget(self, path: str) -> None:
        """Drop an answer, after a change."""
        self._answers.pop(path, None)

    def forget_all(self) -> None:
        """Drop all answers."""
        self._answers = {}
