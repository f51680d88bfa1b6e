"""Errors of the system and of S3, as a user reads them."""

from __future__ import annotations

import errno
import ssl
from pathlib import Path
from typing import Any

import botocore.client
import pytest
from botocore.exceptions import ClientError

from pset_4.execution.messages import describe_error
from tests.support.pipeline.painting import PAINT
from tests.support.pipeline.projects import MakeProject, Project, failures
from tests.support.remotes.stores import DirectoryStore, S3Store


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(errno.EACCES, "Permission denied", "data/a.png"),
            "data/a.png: Permission denied; check its permissions, and those of its folder",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "No space left on device; make room on that disk, and run again",
        ),
        (
            OSError(errno.EISDIR, "Is a directory", "data/.tmp.png", None, b"data/a.png"),
            "data/a.png: Is a directory; move away what is there",
        ),
        (OSError(errno.EIO, "Input/output error", "a\n.png"), "a .png: Input/output error"),
        (OSError(errno.EIO, "Input/output error", 3), "Input/output error"),
        (OSError("no room"), "no room"),
        (ssl.SSLError(1, "[SSL] unknown error"), "[SSL] unknown error"),
    ],
)
def test_an_error_of_the_system_is_described_with_place_and_remedy(
    error: OSError, message: str
) -> None:
    assert str(describe_error(error)) == message


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_file_in_a_locked_folder_is_not_called_missing(
    published: Project, directory_store: DirectoryStore
) -> None:
    folder = Path(directory_store.url, "images")

    folder.chmod(0)
    result = published.run(*PAINT)
    folder.chmod(0o755)

    (failure,) = failures(result)
    assert "images/drawing.png: Permission denied; check its permissions" in failure


def test_an_object_that_s3_refuses_is_not_called_missing(
    make_project: MakeProject,
    s3_store: S3Store,
    drawing: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3_store.write("images/drawing.png", drawing)
    s3_store.write("saved_models/model.pth", model)
    call = botocore.client.BaseClient._make_api_call

    def refuse(client: object, operation: str, arguments: dict[str, Any]) -> Any:
        if arguments.get("Key", "").endswith("drawing.png"):
            reply = {"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(reply, operation)
        return call(client, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", refuse)

    result = make_project("machine", s3_store.url).run(*PAINT)

    (failure,) = failures(result)
    assert "these credentials do not permit this" in failure
