"""A Canvas server as it is seen by one of its users, and its errors in our words.

What the requests mean is told by Canvas's REST API documentation; canvasapi makes them.
"""

import json
import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import canvasapi
import requests
from canvasapi.exceptions import CanvasException, InvalidAccessToken, ResourceDoesNotExist
from canvasapi.upload import Uploader

from ..errors import HandInError, SettingsError
from . import TOKEN_VARIABLE, URL_VARIABLE

TIMEOUT = (10.0, 60.0)
"""Seconds to wait for a connection, and for each part of an answer."""

DEFAULT_PORTS = {"http": 80, "https": 443}

HTML_TAG = re.compile(r"<[^>]*>")

LONGEST_TEXT = 300
"""Characters of what a server says that are repeated."""


class Connection:
    """A user's access to a Canvas server.

    The token appears in no error, whatever the server answers, and in no log.
    """

    def __init__(self, url: str, token: str) -> None:
        """Connect.

        Raises:
            SettingsError: the address or the token is not one.
            HandInError: there is no Canvas, or it does not know the token.
        """
        self.url = normalize_url(url)
        self._token = _check_token(token)
        # At DEBUG it logs the end of the token, and at INFO addresses that are signed for uploads.
        logging.getLogger("canvasapi").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # on http://, which is on loopback only
            self.canvas = canvasapi.Canvas(self.url, self._token)
        # It has no setting for how long to wait, which is for ever, and cannot upload to a quiz.
        self._requester = self.canvas._Canvas__requester
        session = self._requester._session
        session.request = partial(session.request, timeout=TIMEOUT)
        with self.talking():
            self.user = self._read_user()

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Turn what goes wrong between us and Canvas into a `HandInError`."""
        # None of them "from" its cause: that may repeat the token, and tracebacks show causes.
        try:
            yield
        except InvalidAccessToken:
            raise HandInError(
                f"{self.url} does not know the token in {TOKEN_VARIABLE}: make one there, under "
                "Account, Settings, New Access Token"
            ) from None
        except CanvasException as error:
            raise HandInError(f"{self.url} says: {self._repeat(error.message)}") from None
        except requests.Timeout:
            raise HandInError(f"{self.url} takes too long to answer: run again") from None
        except ValueError:
            raise HandInError(self._no_canvas()) from None
        except requests.RequestException as error:
            reason = getattr(error.args[0] if error.args else None, "reason", error)
            raise HandInError(
                f"{self.url} cannot be reached: {self._repeat(str(reason))}"
            ) from None

    def upload(self, endpoint: str, path: str) -> int:
        """Upload a file in Canvas's three steps.

        Args:
            endpoint: where the first step goes, below ``/api/v1/``; it decides what the file can
                be used for.
            path: the file.

        Returns:
            The file's id in Canvas.
        """
        is_there, file = _Uploader(self._requester, endpoint, path).start()
        if not is_there:
            raise HandInError(f"{self.url} did not confirm the upload of {path}: run again")
        return int(file["id"])

    def _read_user(self) -> Any:
        try:
            user = self.canvas.get_current_user()
        except (AttributeError, ResourceDoesNotExist):  # JSON of another shape, or nothing there
            user = None
        if not hasattr(user, "id"):
            raise HandInError(self._no_canvas())
        return user

    def _no_canvas(self) -> str:
        return f"{self.url} does not answer as Canvas does: check {URL_VARIABLE}"

    def _repeat(self, said: Any) -> str:
        """What the server said, short, and without the token."""
        words = " ".join(_words_of(said).split())
        return words.replace(self._token, "***")[:LONGEST_TEXT]


class _Uploader(Uploader):  # type: ignore[misc]
    """Knows the answer to the first step for a quiz, too: a list of one."""

    def upload(self, response: Any, file: Any) -> Any:
        place = response.json()
        place = place["attachments"][0] if "attachments" in place else place
        if "upload_url" not in place:
            raise CanvasException(place)
        return super().upload(SimpleNamespace(json=lambda: place), file)


def find_one(kind: str, wanted: str, things: Iterable[Any], label: str = "name") -> Any:
    """The thing of this name, or id.

    Args:
        kind: what the things are called.
        wanted: its name, in upper or lower case, or its id.
        things: what Canvas lists; those without a name are closed to the user, and left out.
        label: the attribute that is the name.

    Raises:
        HandInError: it is not there, or there is more than one.
    """
    known = [(str(getattr(thing, label)), thing) for thing in things if hasattr(thing, label)]
    name = wanted.strip().casefold()
    found = [thing for text, thing in known if name in (text.strip().casefold(), str(thing.id))]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{text!r} (id {thing.id})" for text, thing in known) or "none"
    count = "more than one" if found else "no"
    raise HandInError(f"there is {count} {kind} named {wanted!r}; those there are: {listed}")


def normalize_url(url: str) -> str:
    """The server's root, of whatever page of it was given.

    Raises:
        SettingsError: it is no address, or would have the token sent unencrypted over a network.
    """
    expected = f"expected https://canvas.example.edu in {URL_VARIABLE}"
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in DEFAULT_PORTS or any(map(str.isspace, host)):
        raise SettingsError(f"that is no address of a web server: {expected}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise SettingsError(f"http:// would send the token for all to read: {expected}")
    # As Canvas itself writes it: canvasapi looks for it in the addresses of further pages.
    host = f"[{host}]" if ":" in host else host
    is_default = port is None or port == DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{port}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_token(token: str) -> str:
    # Others are refused by the HTTP library, in an error that repeats them.
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(f"{TOKEN_VARIABLE} is no token: expected printable ASCII, no spaces")
    return token


def _words_of(said: Any) -> str:
    """What Canvas has to say in an error: the messages in its JSON, else all of it."""
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except ValueError:
            return HTML_TAG.sub(" ", said)
    return "; ".join(_list_messages(said)) or str(said)


def _list_messages(said: Any) -> Iterator[str]:
    if isinstance(said, dict):
        if isinstance(said.get("message"), str):
            yield said["message"]
        said = list(said.values())
    if isinstance(said, list | tuple):
        for part in said:
            yield from _list_messages(part)
