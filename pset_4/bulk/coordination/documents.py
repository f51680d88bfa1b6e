"""Small documents in the remote, which are created and replaced only on conditions.

Of two writers at the same moment exactly one succeeds, on S3 as in a directory that several
machines share. So workers need nothing but the remote to agree on anything.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...places import is_s3

if TYPE_CHECKING:
    from ...settings import Settings

MAX_DOCUMENT_BYTES = 64 << 20
"""The largest document that is read: a shard of names has some kilobytes."""


@dataclass(frozen=True)
class Document:
    """A document as it was read."""

    data: bytes
    tag: str
    """Changes with each replacement."""
    age: float
    """Seconds since it was written, both by the remote's own clock. Those of machines differ."""


class Entry(NamedTuple):
    """A document in a listing."""

    name: str
    """Its path below the folder of all documents."""
    age: float
    """As of `Document`."""


class Documents(ABC):
    """The documents in a folder of the remote, by their path below it.

    The methods raise `csci_utils.errors.S3Error` or OSError if the remote refuses. Threads may
    share an object.
    """

    def __init__(self, url: str) -> None:
        """Take the URL or path of the folder."""
        self.url = url

    @abstractmethod
    def read(self, name: str) -> Document | None:
        """Return a document; None if it does not exist."""

    @abstractmethod
    def create(self, name: str, data: bytes) -> str | None:
        """Create a document, and return its tag; None if there is one with other bytes."""

    @abstractmethod
    def replace(self, name: str, data: bytes, tag: str) -> str | None:
        """Replace a document, and return its new tag; None if its tag is not `tag` any more.

        No two documents that ever have the same name may have the same bytes.
        """

    @abstractmethod
    def overwrite(self, name: str, data: bytes) -> None:
        """Write a document, whatever is there. It must not be one that is ever replaced."""

    @abstractmethod
    def list(self, folder: str, after: str = "") -> Iterator[Entry]:
        """Yield the documents of a folder, without those of folders in it, sorted by name.

        Args:
            folder: The folder.
            after: Names up to and including this one are left out.
        """

    @abstractmethod
    def check_conditions(self) -> None:
        """Find out whether conditions count.

        Raises:
            PipelineError: They do not, so that workers cannot share the work.
        """


def documents_at(settings: Settings, folder: str) -> Documents:
    """Return the documents in a folder of the remote.

    Args:
        settings: The current ones.
        folder: The folder's path below the remote.
    """
    url = f"{settings.remote}/{folder}"
    if is_s3(url):
        from .s3_documents import S3Documents

        return S3Documents(url)
    from .folder_documents import FolderDocuments

    return FolderDocuments(url, settings.remote)
