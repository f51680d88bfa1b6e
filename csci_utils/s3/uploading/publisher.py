"""Publishing files without overwriting other bytes, also where a server knows no conditions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any

from ...errors import AlreadyExistsError, S3Error
from ..objects import ObjectState
from ..replies import NotSupportedError, conflict
from ..requests import S3Requests
from ..states import ObjectStates
from .multipart import put_parts
from .sending import SMALL_BYTES, put_file
from .temporaries import TemporaryNotes, put_by_copy

_MAX_PROBE_BYTES = 8 << 20


class Publisher:
    """Sends files. Threads may share it."""

    def __init__(
        self,
        requests: S3Requests,
        states: ObjectStates,
        notes: TemporaryNotes,
        notify: Callable[[str], None],
    ) -> None:
        """Take what sends requests, what is known about objects, and whom to tell."""
        self._notes = notes
        self._requests = requests
        self._states = states
        self._notify = notify
        self._has_conditions: bool | None = None  # None: not known yet
        self._finding_out = Lock()

    def put(self, local_path: str, path: str, **options: Any) -> ObjectState:
        """Send a file, replacing what is there."""
        with self._changing(path):
            if self._needs_parts(local_path):
                state = put_parts(
                    self._requests, local_path, path, self._notes, self._notify, **options
                )
            else:
                state = put_file(self._requests, local_path, path, **options)
        self._states.remember(path, state)
        return state

    def put_by_copy(self, local_path: str, path: str, **options: Any) -> ObjectState:
        """Send a file to a temporary key, and have the server copy it from there."""
        if self._needs_parts(local_path):  # they are compared before the object is replaced
            return self.put(local_path, path, **options)
        with self._changing(path):
            put_by_copy(self._requests, local_path, path, self._notes, self._notify, **options)
        return self._accept(path, local_path)

    @contextmanager
    def _changing(self, path: str) -> Iterator[None]:
        """Forget an object after it was changed, and so what other threads asked meanwhile."""
        try:
            yield
        finally:
            self._states.forget(path)

    def create(self, local_path: str, path: str, **options: Any) -> ObjectState:
        """Send a file unless other bytes are there.

        Args:
            local_path: The file.
            path: The object's URL.
            options: Arguments of ``put_object``, with ``IfNoneMatch``.

        Raises:
            AlreadyExistsError: The object exists with other bytes.
        """
        size = os.stat(local_path).st_size
        tells = self._has_conditions is None and size <= _MAX_PROBE_BYTES
        # Of many threads, one finds out what the server does, and the others wait for that.
        with self._finding_out if tells else nullcontext():
            if self._has_conditions is not True:
                return self._create_carefully(local_path, path, **options)
        # A refusal of few bytes costs no more than a question.
        is_there = self._states.find(path) if size > SMALL_BYTES else None
        if is_there or self._states.is_known_to_exist(path):
            return self._accept(path, local_path)
        try:
            return self.put(local_path, path, **options)
        except AlreadyExistsError:
            return self._accept(path, local_path)

    def _create_carefully(self, local_path: str, path: str, **options: Any) -> ObjectState:
        """`create` on a server that ignores or refuses conditions, or may do so."""
        if self._has_conditions is False:
            self._states.forget(path)
        if self._states.find(path):
            return self._accept(path, local_path)
        try:
            state = self._put_new(local_path, path, **options)
        except AlreadyExistsError:
            return self._accept(path, local_path)
        if self._has_conditions is None and state.size <= _MAX_PROBE_BYTES:
            self._try_condition(local_path, path, **options)
            self._states.remember(path, state)
        if self._has_conditions is False:
            self._states.forget(path)
            return self._accept(path, local_path)
        return state

    def _put_new(self, local_path: str, path: str, **options: Any) -> ObjectState:
        """Send a file that is not there, without the condition if the server does not know it."""
        if self._has_conditions is not False:
            try:
                return self.put(local_path, path, **options)
            except NotSupportedError:
                pass
        options.pop("IfNoneMatch", None)
        state = self.put(local_path, path, **options)
        if self._has_conditions is None:
            self._do_without("does not know")
        return state

    def _do_without(self, reason: str) -> None:
        self._has_conditions = False
        self._notify(
            f"the S3 server {reason} conditions (If-None-Match): two publishers at the same moment "
            "may overwrite each other's objects"
        )

    def _try_condition(self, local_path: str, path: str, **options: Any) -> None:
        """Find out whether the server refuses to create an object that exists."""
        try:
            self.put(local_path, path, **options)
        except AlreadyExistsError:
            self._has_conditions = True
        except S3Error:
            pass  # still unknown
        else:
            self._do_without("ignores")

    def _needs_parts(self, local_path: str) -> bool:
        return os.stat(local_path).st_size > self._requests.limits.single_bytes

    def _accept(self, path: str, local_path: str) -> ObjectState:
        """Return the state of an object that should have the bytes of a local file."""
        state = self._states.find(path)
        if state is None or not self._states.has_bytes(state, path, local_path):
            raise conflict(path)
        return state
