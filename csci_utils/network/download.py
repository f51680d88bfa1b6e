"""Download a file over HTTP or HTTPS, continuing where the last try stopped.

A rest is requested as RFC 9110 describes: with ``Range``, and with ``If-Range`` only of the version
that the beginning came from.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import requests

from ..errors import DownloadError, at_path
from .http_get import TransientError, check_url, open_url, without_secrets
from .pace import STALL_SECONDS, Pace
from .partial import PartialFile

__all__ = ["RETRY_PAUSES", "TIMEOUT_SECONDS", "check_url", "download", "without_secrets"]

TIMEOUT_SECONDS = STALL_SECONDS
"""How long a server may be silent, or nearly so (`csci_utils.network.pace`)."""

RETRY_PAUSES = (1, 2, 4, 8)
"""Seconds before the second and each further try."""

_CHUNK_SIZE = 1 << 16  # bytes
_TRANSIENT_STATUSES = frozenset([408, 425, 429, 500, 502, 503, 504])
_CONTENT_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+|\*)")


def download(
    url: str,
    path: str,
    max_bytes: int,
    timeout: float = TIMEOUT_SECONDS,
    progress: Callable[[int, int | None], None] = lambda size, total: None,
    notify: Callable[[str], None] = lambda message: None,
) -> None:
    """Download a file to `path`, where it appears once it is complete.

    What has arrived is kept whatever happens (`csci_utils.network.partial`). The next call, in this
    process or another one, requests the rest only. If the server has another version by then, or
    does not support ranges, the download starts over. See `open_url` for redirects, certificates
    and proxies.

    Args:
        url: The URL, with ``http://`` or ``https://``.
        path: Where the file goes, replacing one that exists.
        max_bytes: The largest size that is accepted.
        timeout: Seconds that the server may be silent, or send almost nothing.
        progress: Called with the number of bytes that have arrived and their total (None if
            unknown), at the start of each try and after each chunk.
        notify: Called with a message before the pause that precedes another try.

    Raises:
        DownloadError: The server refuses, sends something unusable, or fails on each try.
        BusyError: Another process is downloading to `path`.
        OSError: The file cannot be written.
    """
    check_url(url)
    with PartialFile(path, url) as partial:
        for pause in (*RETRY_PAUSES, None):
            try:
                with at_path(without_secrets(url)):
                    _receive(url, partial, max_bytes, timeout, progress)
                break
            except TransientError as error:
                if pause is None:
                    error.reason += f", on each of {len(RETRY_PAUSES) + 1} tries"
                    after = f" to continue after {partial.size:,} bytes" if partial.size else ""
                    error.remedy = f"check the network, and run again{after}"
                    raise
                notify(f"{error}; trying again in {pause} s")
                time.sleep(pause)
        partial.commit()


def _receive(
    url: str,
    partial: PartialFile,
    max_bytes: int,
    timeout: float,
    progress: Callable[[int, int | None], None],
) -> None:
    """Receive all missing bytes in one request."""
    if partial.is_complete:
        return
    with open_url(url, _request_headers(partial), timeout) as response:
        _check_response(response, partial)
        if response.status_code == requests.codes.ok:
            _start_over(response, partial, max_bytes)
        progress(partial.size, partial.version.total)
        for chunk in _read_chunks(response, timeout):
            if partial.size + len(chunk) > max_bytes:
                partial.restart()
                raise _too_large(max_bytes)
            partial.append(chunk)
            progress(partial.size, partial.version.total)
    total = partial.version.total
    if total is not None and partial.size != total:
        reason = f"the server sent {partial.size:,} of {total:,} bytes"
        if partial.size > total:
            partial.restart()
        raise TransientError(reason)


def _request_headers(partial: PartialFile) -> dict[str, str]:
    # A range of a file that is compressed in transit could not be requested.
    headers = {"Accept-Encoding": "identity"}
    if partial.size and partial.version.validator:
        headers |= {"Range": f"bytes={partial.size}-", "If-Range": partial.version.validator}
    return headers


def _check_response(response: requests.Response, partial: PartialFile) -> None:
    """Check that the body is the file, or the missing rest of it."""
    status = response.status_code
    if status in _TRANSIENT_STATUSES:
        raise TransientError(f"got HTTP status {status}")
    if status == requests.codes.partial_content and _is_missing_rest(response, partial):
        return
    if status in (requests.codes.partial_content, requests.codes.requested_range_not_satisfiable):
        partial.restart()
        raise TransientError("the server has another version of the file, or not its rest")
    if status != requests.codes.ok:
        raise DownloadError(f"expected the file, got HTTP status {status}", remedy="check the URL")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise DownloadError("expected the plain file, got it compressed", remedy="use another URL")
    if "html" in response.headers.get("Content-Type", "").lower():
        raise DownloadError(
            "expected a file, got a web page",
            remedy="open the URL in a browser, and check whether the network requires a sign-in",
        )


def _is_missing_rest(response: requests.Response, partial: PartialFile) -> bool:
    """Return True if the body continues the partial file, in the same version."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return (
        found is not None
        and partial.size > 0
        and int(found["start"]) == partial.size
        and (partial.version.total is None or found["total"] in ("*", str(partial.version.total)))
        and _validator_of(response) in (None, partial.version.validator)
    )


def _start_over(response: requests.Response, partial: PartialFile, max_bytes: int) -> None:
    """Restart the partial file with the version of a response that sends all of it."""
    total: int | None = response.raw.length_remaining
    if total is not None and total > max_bytes:
        raise _too_large(max_bytes)
    partial.restart(_validator_of(response), total)


def _validator_of(response: requests.Response) -> str | None:
    """Return what ``If-Range`` takes: a strong ETag, or the time of the last change."""
    etag = response.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def _read_chunks(response: requests.Response, timeout: float) -> Iterator[bytes]:
    """Yield the body as it arrives, unless it arrives too slowly."""
    pace = Pace(timeout)
    # read1() returns what has arrived; waiting for a full chunk would hide a slow server.
    while chunk := response.raw.read1(_CHUNK_SIZE, decode_content=False):
        yield chunk
        try:
            pace.add(len(chunk))
        except TimeoutError as error:
            raise TransientError(str(error)) from None


def _too_large(max_bytes: int) -> DownloadError:
    return DownloadError(
        f"expected at most {max_bytes:,} bytes, got more", remedy="is this the right URL?"
    )
