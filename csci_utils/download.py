"""Downloading a file over HTTP(S), from where the last attempt stopped.

The rules are those of RFC 9110: a rest is asked for with ``Range``, and with ``If-Range`` only of
the version that the beginning came from.
"""

import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.client import IncompleteRead
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from .errors import DownloadError
from .partial import PartialFile

TIMEOUT_SECONDS = 30.0
"""How long a server may be silent, or nearly so."""

SLOWEST_BYTES_PER_SECOND = 1000
"""What a server sends at less than this rate, over the time above, is called stalled."""

RETRY_PAUSES = (1, 2, 4, 8)
"""Seconds before the second and every further try; there is one try more than pauses."""

MAX_REDIRECTS = 10

CHUNK_SIZE = 1 << 16
"""Bytes read at most at a time."""

SCHEMES = {"http": ("http", "https"), "https": ("https",)}
"""For each scheme that is taken, those that it may redirect to."""

TRANSIENT_STATUSES = frozenset([408, 425, 429, 500, 502, 503, 504])
"""Answers that mean "not now"."""

EXPECTED_ADDRESS = "expected an address that begins https://host/ or http://host/"

CONTENT_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+|\*)")


class _RefusedError(Exception):
    """The file cannot be had from there; the message says why, and does not name the address."""


class _CutShortError(Exception):
    """The same of one try only: another one may succeed."""


def download(
    url: str,
    path: str,
    max_bytes: int,
    timeout: float = TIMEOUT_SECONDS,
    on_progress: Callable[[int, int | None], None] = lambda size, total: None,
    on_retry: Callable[[str], None] = lambda reason: None,
) -> None:
    """Download to `path`, where the file appears when it is whole.

    What came of it is kept whatever happens (`csci_utils.partial`), and the next call, in this
    process or another one, asks only for the rest. Where the server has another file since, or
    cannot send a rest, the download starts over. Certificates are verified; proxies, credentials
    and authorities are taken from where ``requests`` takes them (``HTTPS_PROXY``, ``.netrc``,
    ``REQUESTS_CA_BUNDLE``). A redirect is followed, but never from HTTPS to HTTP.

    Args:
        url: ``http://`` or ``https://``.
        path: a file there is replaced.
        max_bytes: the largest file that is taken.
        timeout: seconds that the server may be silent, or send next to nothing.
        on_progress: called with the bytes that are here and those there are in all (None if not
            known), at the beginning of each try and after each piece.
        on_retry: called with the reason, before the pause in front of another try.

    Raises:
        DownloadError: the server refuses, what it sends is not usable, or all tries failed.
        BusyError: another process is downloading to `path`.
        OSError: the file cannot be written.
    """
    check_url(url)
    shown = without_secrets(url)
    with PartialFile(path, url) as partial, _Session() as session:
        for pause in (*RETRY_PAUSES, None):
            try:
                if not partial.is_whole:
                    _receive(session, url, partial, max_bytes, timeout, on_progress)
                break
            except _RefusedError as error:
                raise DownloadError(f"{shown}: {error}") from None
            except _CutShortError as error:
                if pause is None:
                    raise DownloadError(
                        f"{shown}: {error}; tried {len(RETRY_PAUSES) + 1} times, and "
                        f"{partial.size:,} bytes are here: run again to go on"
                    ) from None
                on_retry(f"{shown}: {error}: trying again in {pause} s")
                time.sleep(pause)
        partial.commit()


class _Session(requests.Session):
    """A session that leaves redirects to us.

    To see where one leads, the original reads its whole body, however long; so it does even where
    redirects are not to be followed.
    """

    def resolve_redirects(
        self, *arguments: Any, **options: Any
    ) -> Generator[requests.Response, None, None]:
        yield from ()


def check_url(url: str) -> None:
    """Raise DownloadError unless it is an ``http://`` or ``https://`` address."""
    if not _is_address(url):
        raise DownloadError(f"{without_secrets(url)!r}: {EXPECTED_ADDRESS}")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def without_secrets(url: str) -> str:
    """The address for messages: without user, password, query and fragment."""
    return re.sub(r"//[^/?#]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])


def _receive(
    session: requests.Session,
    url: str,
    partial: PartialFile,
    max_bytes: int,
    timeout: float,
    on_progress: Callable[[int, int | None], None],
) -> None:
    """One try: all that is missing, or `_CutShortError`."""
    with _request(session, url, _headers_for_the_rest(partial), timeout) as response:
        _check_answer(response, partial)
        if response.status_code == requests.codes.ok:
            _begin(response, partial, max_bytes)
        on_progress(partial.size, partial.total)
        for chunk in _read_chunks(response, timeout):
            if partial.size + len(chunk) > max_bytes:
                partial.restart()
                raise _too_large(max_bytes)
            partial.append(chunk)
            on_progress(partial.size, partial.total)
    if partial.total is not None and partial.size != partial.total:
        sent = f"the server sent {partial.size:,} of {partial.total:,} bytes"
        if partial.size > partial.total:
            partial.restart()
        raise _CutShortError(sent)


def _headers_for_the_rest(partial: PartialFile) -> dict[str, str]:
    # The bytes as they are: of a file that is compressed on its way, a rest could not be asked for.
    headers = {"Accept-Encoding": "identity"}
    if partial.size and partial.validator:
        headers |= {"Range": f"bytes={partial.size}-", "If-Range": partial.validator}
    return headers


@contextmanager
def _request(
    session: requests.Session, url: str, headers: dict[str, str], timeout: float
) -> Iterator[requests.Response]:
    """The answer of the server that the redirects lead to, before its body is read."""
    at = url
    for _ in range(MAX_REDIRECTS + 1):
        with (
            _told_where(url, at),
            _translated_errors(),
            session.get(
                at, headers=headers, timeout=timeout, stream=True, allow_redirects=False
            ) as response,
        ):
            if not response.is_redirect:
                yield response
                return
            at = _follow(session, response, at)
    raise _RefusedError(f"redirected more than {MAX_REDIRECTS} times: check the address")


def _follow(session: requests.Session, response: requests.Response, url: str) -> str:
    """Where a redirect leads, if it may lead there."""
    try:
        target = urljoin(url, session.get_redirect_target(response) or "")
    except ValueError:  # no UTF-8, or no URL
        target = response.headers["Location"]
    shown = without_secrets(target)
    if not _is_address(target):
        raise _RefusedError(f"redirected to {shown!r}: {EXPECTED_ADDRESS}")
    if urlsplit(target).scheme not in SCHEMES[urlsplit(url).scheme]:
        raise _RefusedError(
            f"redirected to {shown}, where the connection is not encrypted: not followed"
        )
    return target


def _check_answer(response: requests.Response, partial: PartialFile) -> None:
    """Raise unless the body is the file, or the rest of what is here."""
    status = response.status_code
    if status in TRANSIENT_STATUSES:
        raise _CutShortError(f"got HTTP status {status}")
    if status == requests.codes.partial_content and _is_the_rest(response, partial):
        return
    if status in (requests.codes.partial_content, requests.codes.requested_range_not_satisfiable):
        partial.restart()
        raise _CutShortError("the server has another file than before, or no rest of it")
    if status != requests.codes.ok:
        raise _RefusedError(f"expected the file, got HTTP status {status}: check the address")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _RefusedError("expected the file as it is, got it compressed")
    if "html" in response.headers.get("Content-Type", "").lower():
        raise _RefusedError(
            "expected a file, got a web page: look at the address in a browser, and whether the "
            "network wants a sign-in"
        )


def _is_the_rest(response: requests.Response, partial: PartialFile) -> bool:
    """Whether the body begins where what is here ends, and is of the same version."""
    found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return (
        found is not None
        and partial.size > 0
        and int(found["start"]) == partial.size
        and (partial.total is None or found["total"] in ("*", str(partial.total)))
        and _validator_of(response) in (None, partial.validator)
    )


def _begin(response: requests.Response, partial: PartialFile, max_bytes: int) -> None:
    """Take note of the version that is being sent from its first byte on."""
    total: int | None = response.raw.length_remaining
    if total is not None and total > max_bytes:
        raise _too_large(max_bytes)
    partial.restart(_validator_of(response), total)


def _validator_of(response: requests.Response) -> str | None:
    """What ``If-Range`` takes: an ETag, unless it is weak, or the time of the last change."""
    etag = response.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def _read_chunks(response: requests.Response, timeout: float) -> Iterator[bytes]:
    """The body as it arrives, as long as it arrives at a rate that leads somewhere."""
    received, deadline = 0, time.monotonic() + timeout
    # Each read returns what is there: to wait for a full chunk would hide how slowly it fills.
    while chunk := response.raw.read1(CHUNK_SIZE, decode_content=False):
        yield chunk
        received += len(chunk)
        if time.monotonic() > deadline:
            if received < SLOWEST_BYTES_PER_SECOND * timeout:
                raise _CutShortError(f"only {received:,} bytes came in {timeout:g} s")
            received, deadline = 0, time.monotonic() + timeout


def _too_large(max_bytes: int) -> _RefusedError:
    return _RefusedError(
        f"expected at most {max_bytes:,} bytes, got more: is this the right address?"
    )


@contextmanager
def _told_where(url: str, at: str) -> Iterator[None]:
    """Name the server that a redirect led to, in what goes wrong there."""
    try:
        yield
    except (_RefusedError, _CutShortError) as error:
        if at == url:
            raise
        raise type(error)(f"redirected to {urlsplit(at).hostname}: {error}") from None


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Errors of the network as ours, without the whole URL that requests puts into them."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        reason = _reason_of(error)
        if "CERTIFICATE_VERIFY_FAILED" not in reason:
            raise _CutShortError(reason) from None
        raise _RefusedError(
            f"its certificate is not trusted ({reason}): check this machine's clock and the "
            "address, or name the file of your authority in REQUESTS_CA_BUNDLE"
        ) from None
    except (requests.Timeout, requests.ConnectionError, HTTPError) as error:
        raise _CutShortError(_reason_of(error)) from None
    except requests.RequestException as error:
        raise _RefusedError(f"cannot be asked ({type(error).__name__})") from None


def _reason_of(error: BaseException) -> str:
    """What the innermost of nested errors says."""
    while True:
        nested = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        inner = next((each for each in nested if isinstance(each, BaseException)), None)
        if inner is None:
            break
        error = inner
    if isinstance(error, IncompleteRead):
        return "the connection ended in the middle of the file"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
