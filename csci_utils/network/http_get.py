"""One HTTP GET, with bounded redirects and errors that show no secrets."""

from __future__ import annotations

import re
import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from http.client import IncompleteRead
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from ..errors import DownloadError, at_path, root_cause
from ..text import redact
from .sockets import paced_pools

MAX_REDIRECTS = 10

_NOT_A_URL = "expected a URL of the form https://host/ or http://host/"


class TransientError(DownloadError):
    """A download failed for now; another try may succeed."""


def check_url(url: str) -> None:
    """Check that a URL is one of HTTP or HTTPS.

    Raises:
        DownloadError: It is not.
    """
    if not _is_http(url):
        raise DownloadError(
            _NOT_A_URL, path=repr(without_secrets(url)), remedy="check its spelling"
        )


def without_secrets(url: str) -> str:
    """Return a URL for display, without user, password, query and fragment."""
    return redact(re.split(r"[?#]", url, maxsplit=1)[0])


@contextmanager
def open_url(url: str, headers: Mapping[str, str], timeout: float) -> Iterator[requests.Response]:
    """Request a URL, and yield the response before its body is read.

    Follows up to `MAX_REDIRECTS` redirects, but none from HTTPS to HTTP. Verifies certificates.
    Proxies, credentials and certificate authorities come from where ``requests`` finds them
    (``HTTPS_PROXY``, ``.netrc``, ``REQUESTS_CA_BUNDLE``).

    Args:
        url: The URL.
        headers: Further headers of the request.
        timeout: Seconds that the server may be silent.

    Raises:
        TransientError: The connection fails, also while the body is read.
        DownloadError: The certificate, a redirect or the URL is not acceptable.
    """
    current_url, place = url, without_secrets(url)
    with _Session() as session:
        session.mount("https://", _PacedAdapter(timeout))
        session.mount("http://", _PacedAdapter(timeout))
        for _ in range(MAX_REDIRECTS + 1):
            with (
                at_path(place),
                _translated_errors(),
                session.get(
                    current_url,
                    headers=headers,
                    timeout=timeout,
                    stream=True,
                    allow_redirects=False,
                ) as response,
            ):
                if not response.is_redirect:
                    yield response
                    return
                current_url = _redirect_target(session, response, current_url)
            host = urlsplit(current_url).hostname
            place = f"{without_secrets(url)} (redirected to {host})"
    raise DownloadError(
        f"redirected more than {MAX_REDIRECTS} times",
        path=without_secrets(url),
        remedy="check the URL",
    )


class _Session(requests.Session):
    """A session that follows no redirects.

    To learn the target of a redirect, the original reads its whole body, however long, even with
    ``allow_redirects=False``.
    """

    def resolve_redirects(
        self, *arguments: Any, **options: Any
    ) -> Generator[requests.Response, None, None]:
        yield from ()


class _PacedAdapter(HTTPAdapter):
    """An adapter that ends an answer that arrives too slowly, its first line included."""

    def __init__(self, stall_seconds: float) -> None:
        self._stall_seconds = stall_seconds
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self._limit(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if is_new:
            self._limit(manager)
        return manager

    def _limit(self, manager: PoolManager) -> None:
        pools = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = paced_pools(pools, self._stall_seconds)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _redirect_target(session: requests.Session, response: requests.Response, url: str) -> str:
    """Return the URL that a response redirects to, if that is acceptable."""
    try:
        target = urljoin(url, session.get_redirect_target(response) or "")
    except ValueError:  # not UTF-8, or not a URL
        target = response.headers["Location"]
    shown = without_secrets(target)
    if not _is_http(target):
        raise DownloadError(f"redirected to {shown!r}: {_NOT_A_URL}", remedy="check the URL")
    if url.startswith("https:") and not target.startswith("https:"):
        raise DownloadError(
            f"redirected to {shown}, where the connection is not encrypted",
            remedy="use another URL",
        )
    return target


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate errors of requests and urllib3, whose texts contain the whole URL."""
    try:
        yield
    except (requests.Timeout, requests.ConnectionError, HTTPError) as error:
        raise _translate(root_cause(error)) from None
    except requests.RequestException as error:
        raise DownloadError(
            f"the request cannot be made ({type(error).__name__})", remedy="check the URL"
        ) from None


def _translate(cause: BaseException) -> DownloadError:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return DownloadError(
            f"the server's certificate is not trusted ({cause.verify_message})",
            remedy="check this machine's clock and the URL, or set REQUESTS_CA_BUNDLE to the file "
            "of your certificate authority",
        )
    if isinstance(cause, IncompleteRead):
        return TransientError("the connection ended in the middle of the file")
    reason = getattr(cause, "strerror", None) or str(cause)
    return TransientError(redact(reason) or type(cause).__name__)
