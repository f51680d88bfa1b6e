"""A user's connection to a Canvas server, with the server's errors as `SubmissionError`.

canvasapi makes the requests. Canvas's REST API documentation says what they mean
(https://canvas.instructure.com/doc/api/).
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import canvasapi
import requests
from canvasapi.exceptions import CanvasException, InvalidAccessToken, ResourceDoesNotExist
from canvasapi.upload import Uploader

from csci_utils.text import redact

from ..errors import SubmissionError
from . import TOKEN_VARIABLE, URL_VARIABLE
from .credentials import check_token, normalize_url

TIMEOUT = (10.0, 60.0)
"""Seconds to wait for a connection, and for each part of a response."""

_HTML_TAG = re.compile(r"<[^>]*>")

# The most characters of a server's message that an error repeats.
_MAX_MESSAGE_LENGTH = 300


class CanvasConnection:
    """A user's access to a Canvas server.

    No error and no log shows the token, whatever the server responds.
    """

    url: str
    """The root URL of the server, without a slash at the end."""
    canvas: Any
    """The `canvasapi.Canvas` of the server."""
    user: Any
    """The `canvasapi.current_user.CurrentUser` to whom the token belongs."""

    def __init__(self, url: str, token: str) -> None:
        """Connect and read the user.

        Raises:
            SettingsError: The URL or the token is malformed.
            SubmissionError: The server does not respond, is not Canvas, or refuses the token.
        """
        self.url = normalize_url(url)
        self._token = check_token(token)
        # At DEBUG, canvasapi logs the end of the token, and at INFO, signed URLs of uploads.
        logging.getLogger("canvasapi").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about http://, here on loopback only
            self.canvas = canvasapi.Canvas(self.url, self._token)
        # canvasapi has no setting for timeouts, and no function that uploads to a quiz.
        self._requester = self.canvas._Canvas__requester
        session = self._requester._session
        session.request = partial(session.request, timeout=TIMEOUT)
        with self.translated_errors():
            self.user = self._read_user()

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Translate errors of canvasapi and of the network to `SubmissionError`."""
        # Without their causes, which may contain the token: tracebacks show causes.
        try:
            yield
        except InvalidAccessToken:
            raise self._error(
                f"Canvas does not accept the token in {TOKEN_VARIABLE}",
                "create one there under Account, Settings, New Access Token",
            ) from None
        except CanvasException as error:
            raise self._error(f"Canvas says: {self._quote(error.message)}") from None
        except requests.Timeout:
            raise self._error("took too long to respond", "run again") from None
        except ValueError:
            raise self._not_canvas() from None
        except requests.RequestException as error:
            # urllib3's errors have a reason that does not repeat the URL.
            reason = getattr(error.args[0] if error.args else None, "reason", error)
            raise self._error(
                f"cannot be reached: {self._quote(str(reason))}",
                f"check the network and {URL_VARIABLE}",
            ) from None

    def upload(self, endpoint: str, path: str) -> int:
        """Upload a file and return its id.

        Args:
            endpoint: The endpoint of Canvas's first upload step, below ``/api/v1/``. It determines
                what the file can be used for.
            path: The path of the file.

        Raises:
            SubmissionError: Canvas did not confirm the upload.
        """
        is_confirmed, file = _ListAwareUploader(self._requester, endpoint, path).start()
        if not is_confirmed:
            reason = f"{self.url} did not confirm the upload"
            raise SubmissionError(reason, path=path, remedy="run again")
        return int(file["id"])

    def _read_user(self) -> Any:
        try:
            user = self.canvas.get_current_user()
        except (AttributeError, ResourceDoesNotExist):  # JSON of another shape, or nothing there
            user = None
        if not hasattr(user, "id"):
            raise self._not_canvas()
        return user

    def _not_canvas(self) -> SubmissionError:
        return self._error("does not respond like Canvas", f"check {URL_VARIABLE}")

    def _error(self, reason: str, remedy: str = "") -> SubmissionError:
        return SubmissionError(reason, path=self.url, remedy=remedy)

    def _quote(self, message: object) -> str:
        """Return a server's message, shortened and without the token and other secrets."""
        text = " ".join(_read_message(message).split())
        return redact(text.replace(self._token, "***"))[:_MAX_MESSAGE_LENGTH]


class _ListAwareUploader(Uploader):  # type: ignore[misc]
    """An uploader that reads the first response for a quiz, which is a list of one, too."""

    def upload(self, response: Any, file: Any) -> Any:
        content = response.json()
        content = content["attachments"][0] if "attachments" in content else content
        if "upload_url" not in content:
            raise CanvasException(content)
        return super().upload(SimpleNamespace(json=lambda: content), file)


def find_by_name(kind: str, name: str, candidates: Iterable[Any], label: str = "name") -> Any:
    """Return the candidate with this name or id.

    Args:
        kind: What the candidates are called in errors.
        name: The name in upper or lower case, or the id.
        candidates: What Canvas lists. Canvas gives no name to those that the user may not see; they
            are ignored.
        label: The attribute with the name.

    Raises:
        SubmissionError: No candidate has the name, or several have.
    """
    named = [(str(getattr(each, label)), each) for each in candidates if hasattr(each, label)]
    key = name.strip().casefold()
    found = [each for text, each in named if key in (text.strip().casefold(), str(each.id))]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{text!r} (id {each.id})" for text, each in named) or "none"
    raise SubmissionError(
        f"expected one {kind} named {name!r}, found {len(found)}",
        remedy=f"use a name or an id of these: {listed}",
    )


def _read_message(message: object) -> str:
    """Return what Canvas says in an error: the messages in its JSON, or else all of it."""
    if isinstance(message, str):
        try:
            message = json.loads(message)
        except ValueError:
            return _HTML_TAG.sub(" ", str(message))
    return "; ".join(_find_messages(message)) or str(message)


def _find_messages(content: object) -> Iterator[str]:
    """Yield each ``message`` in a JSON document, from the outside in."""
    if isinstance(content, dict):
        if isinstance(content.get("message"), str):
            yield content["message"]
        content = list(content.values())
    if isinstance(content, list | tuple):
        for part in content:
            yield from _find_messages(part)
