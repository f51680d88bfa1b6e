"""Redirects, certificates, proxies and addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from csci_utils.errors import DownloadError
from csci_utils.network.download import download
from tests.support.file_server import (
    CONTENT,
    HALF,
    MAX_BYTES,
    FileServer,
    Handler,
    answer,
    fetch,
    serve,
)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(files: FileServer, path: Path, status: int) -> None:
    files.script.append(answer(status, b"moved", location="elsewhere?x=1"))

    fetch(files, path)

    assert [at for at, _ in files.requests] == ["/file.zip", "/elsewhere?x=1"]


def test_the_body_of_a_redirect_is_not_read(files: FileServer, path: Path) -> None:
    def redirect_and_go_on(handler: Handler) -> None:
        handler.start(302, MAX_BYTES, {"Location": "/elsewhere"})
        handler.wfile.write(b"a body without an end")
        handler.files.is_over.wait(30)

    files.script.append(redirect_and_go_on)

    fetch(files, path)

    assert [at for at, _ in files.requests] == ["/file.zip", "/elsewhere"]


def test_redirects_are_bounded(files: FileServer, path: Path) -> None:
    files.script += [answer(302, location="/file.zip")] * 50

    with pytest.raises(DownloadError, match="redirected more than 10 times"):
        fetch(files, path)

    assert len(files.requests) == 11


def test_an_error_after_a_redirect_names_both_servers(files: FileServer, path: Path) -> None:
    files.script += [answer(302, location=files.url.replace("127.0.0.1", "localhost")), answer(404)]

    with pytest.raises(
        DownloadError, match=rf"^{files.url} \(redirected to localhost\): .* 404; check"
    ):
        fetch(files, path)


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/x",
        "file:///etc/hosts",
        "data:,x",
        "https:///x",
        "http://[",
        "http://127.0.0.1:99999/",
        "//\xff[/",
    ],
)
def test_a_redirect_to_anything_but_http_is_refused(
    files: FileServer, path: Path, location: str
) -> None:
    files.script.append(answer(302, location=location))

    with pytest.raises(DownloadError, match="expected a URL"):
        fetch(files, path)


def test_https_is_downloaded_from_a_trusted_server(
    secure_files: FileServer, path: Path, trusted: None
) -> None:
    secure_files.script.append(serve(HALF))

    fetch(secure_files, path)

    assert path.read_bytes() == CONTENT


def test_an_untrusted_certificate_is_refused_at_once(
    secure_files: FileServer, path: Path, pauses: list[float]
) -> None:
    with pytest.raises(DownloadError, match="certificate is not trusted"):
        fetch(secure_files, path)

    assert (secure_files.requests, pauses) == ([], [])


def test_a_redirect_from_https_to_http_is_not_followed(
    files: FileServer, secure_files: FileServer, path: Path, trusted: None
) -> None:
    secure_files.script.append(answer(302, location=files.url))

    with pytest.raises(DownloadError, match="not encrypted"):
        fetch(secure_files, path)

    assert files.requests == []


def test_a_redirect_from_http_to_https_is_followed(
    files: FileServer, secure_files: FileServer, path: Path, trusted: None
) -> None:
    files.script.append(answer(302, location=secure_files.url))

    fetch(files, path)

    assert path.read_bytes() == CONTENT


def test_a_proxy_of_the_environment_is_used(
    files: FileServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", files.url)

    download("http://models.invalid/file.zip", str(path), MAX_BYTES)

    assert [at for at, _ in files.requests] == ["http://models.invalid/file.zip"]


@pytest.mark.parametrize("url", ["ftp://host/x", "/etc/hosts", "http://", "http://[", "http:x"])
def test_anything_but_an_http_url_is_refused(path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="expected a URL"):
        download(url, str(path), MAX_BYTES)
