"""Errors of the system and of S3, as a user reads them."""

from __future__ import annotations

import errno
import ssl
from pathlib import Path

import pytest

from pset_4.execution.messages import describe_error
from tests.support.pipeline.painting import PAINT
from tests.support.pipeline.projects import Project, failures
from tests.support.remotes.stores import DirectoryStore


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
        (OSError(errno.ENODEV, "No such device", "a\n.png"), "a .png: No such device"),
        (OSError(errno.ENODEV, "No such device", 3), "No such device"),
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
