"""States of objects in S3 that need no request: from a listing, and from earlier requests."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields

from csci_utils.listing import ListedFile
from csci_utils.s3.objects import ObjectState

from ..database.connection import Database
from ..database.rows import Query
from .listings import Listings

_OBJECTS = Query("objects", "url", "mark, state")
_ROWS_AT_ONCE = 1000
_FIELDS = [field.name for field in fields(ObjectState)]


class KnownObjects:
    """What earlier requests told of objects that a listing shows unchanged.

    A listing names an object's size, ETag and time, but not its digest. The rest of the state comes
    from the data folder's database, if it was told of an object with the same size, ETag and time,
    or of one that was published here with the same size and ETag.
    """

    def __init__(self, listings: Listings, database: Database) -> None:
        """Take the listings, and the database."""
        self._listings = listings
        self._database = database
        self._new: dict[str, tuple[str, str, str]] = {}

    def find(self, path: str) -> ObjectState | None:
        """Return the state of an object; None if it does not exist.

        Raises:
            LookupError: It is not known.
        """
        listed = self._listings.find(path)
        if listed is None:
            return None
        for mark, text in self._database.find(_OBJECTS, path):
            if mark in (_mark_of(listed), _short_mark(listed.etag, listed.size)):
                with suppress(RecursionError, ValueError, TypeError):
                    state = ObjectState(**json.loads(text))
                    if mark != _mark_of(listed):
                        self._keep(path, _mark_of(listed), state)
                    return state
        raise LookupError(path)

    def keep(self, path: str, state: ObjectState | None) -> None:
        """Remember what a request told of an object."""
        if state is None:
            return
        mark = _short_mark(state.etag, state.size)
        with suppress(LookupError):
            listed = self._listings.find(path)
            if listed is not None and _short_mark(listed.etag, listed.size) == mark:
                mark = _mark_of(listed)
        self._keep(path, mark, state)

    def forget(self, path: str) -> None:
        """Forget an object, which is being changed."""
        self._listings.forget(path)

    def forget_all(self) -> None:
        """List the folders again."""
        self._listings.forget_all()

    def flush(self) -> None:
        """Write what was remembered, if the database can be written."""
        new, self._new = self._new, {}
        with suppress(OSError):  # it is asked for again
            self._database.write("REPLACE INTO objects VALUES (?, ?, ?)", [*new.values()])

    def _keep(self, path: str, mark: str, state: ObjectState) -> None:
        self._new[path] = path, mark, json.dumps({name: getattr(state, name) for name in _FIELDS})
        if len(self._new) >= _ROWS_AT_ONCE:
            self.flush()


def _mark_of(listed: ListedFile) -> str:
    return f"{_short_mark(listed.etag, listed.size)} {listed.mark}"


def _short_mark(etag: str, size: int) -> str:
    return f"{etag} {size}"
