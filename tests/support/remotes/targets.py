"""Luigi targets of every kind, under one signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from luigi.contrib.s3 import S3Target
from luigi.format import Format, Nop
from luigi.target import FileSystemTarget

from csci_utils.luigi import (
    CreateOnlyLocalTarget,
    RootedFileSystem,
    RootedTarget,
    S3Client,
    SuffixPreservingLocalTarget,
)

LOCAL_KINDS: dict[str, Callable[..., FileSystemTarget]] = {
    "suffix-preserving": SuffixPreservingLocalTarget,
    "create-only": CreateOnlyLocalTarget,
}
"""The classes of local targets, by name."""

ROOTED_KINDS = {"rooted": False, "rooted-create-only": True}
"""Whether targets in a shared folder are created only, by name."""

S3_KINDS: dict[str, dict[str, str]] = {"s3": {}, "s3-create-only": {"IfNoneMatch": "*"}}
"""The options of targets on S3, by name."""


class MakeTarget(Protocol):
    """Makes targets of one kind; all share a folder or a prefix."""

    def __call__(self, name: str = "photo.jpg", format: Format = Nop) -> FileSystemTarget:
        """Make the target of this name."""


def local_targets(kind: str, folder: str) -> MakeTarget:
    """Return a maker of local targets in a folder."""

    def make(name: str = "photo.jpg", format: Format = Nop) -> FileSystemTarget:
        return LOCAL_KINDS[kind](f"{folder}/{name}", format=format)

    return make


def rooted_targets(kind: str, folder: str) -> MakeTarget:
    """Return a maker of targets in a shared folder."""
    file_system = RootedFileSystem(folder)

    def make(name: str = "photo.jpg", format: Format = Nop) -> FileSystemTarget:
        return RootedTarget(f"{folder}/{name}", file_system, format, ROOTED_KINDS[kind])

    return make


def s3_targets(kind: str, prefix: str) -> MakeTarget:
    """Return a maker of targets on S3 below a prefix, all with one client."""
    client = S3Client()

    def make(name: str = "photo.jpg", format: Format = Nop) -> FileSystemTarget:
        return S3Target(f"{prefix}/{name}", format=format, client=client, **S3_KINDS[kind])

    return make


class Interruption(BaseException):
    """As abrupt as a KeyboardInterrupt, which pytest would treat as its own."""
