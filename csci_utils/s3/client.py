"""An S3 client for Luigi's own ``S3Target``: one request per question, and no silent doubt.

Luigi's client sends up to four requests to learn whether a key exists, takes "forbidden" for
"missing" and a prefix for an object, and overwrites silently. Pass this one to the plain target::

    S3Target("s3://bucket/key.png", format=Nop, client=S3Client())

Requests follow the API reference, https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from ..atomic import atomic_path, naming_path
from ..digest import CHUNK_SIZE, stream_digest
from ..files import check_written
from ..listing import ListedFile
from ..transfers import retry
from .listing import ListedPage
from .objects import ObjectState
from .reading import ObjectReader
from .requests import Limits, S3Requests
from .states import KnownStates, ObjectStates
from .uploading.publisher import Publisher
from .uploading.temporaries import TemporaryNotes, delete_orphans

_LOGGER = logging.getLogger(__name__)


class S3Client:
    """The file system of Luigi's ``S3Target``, which may also be used without Luigi.

    Each method takes ``s3://bucket/key`` and raises

    * `S3AccessError` if credentials are missing, wrong, expired or insufficient,
    * `S3BucketMissingError` if the bucket does not exist,
    * `S3Error` if S3 or the network refuses for another reason.

    Threads may share a client.
    """

    def __init__(
        self,
        notify: Callable[[str], None] = _LOGGER.warning,
        limits: Limits | None = None,
        notes_folder: str | None = None,
    ) -> None:
        """Create a client; it connects on its first request.

        Args:
            notify: Called with what a person should know about the server.
            limits: What is accepted from the server.
            notes_folder: Where the URLs of temporary objects are written down as long as these are
                there, for `sweep`; None for nowhere.
        """
        self._notify = notify
        self._requests = S3Requests(limits or Limits())
        self._notes = TemporaryNotes(notes_folder)
        self._states = ObjectStates(self._requests)
        self._publisher = Publisher(self._requests, self._states, self._notes, notify)

    @property
    def boto_client(self) -> Any:
        """The boto3 client of this process; one made before a fork must not be used after it."""
        return self._requests.boto_client

    def endpoint_url(self, path: str) -> str:
        """Return the URL of the server that answers for the URL `path`. Sends no request."""
        return str(self._requests.connect(path).meta.endpoint_url)

    def sweep(self, path: str) -> None:
        """Delete the temporary objects below the URL `path` that killed processes left.

        Only those are known whose URLs are in the folder of notes.
        """
        delete_orphans(self._requests, path, self._notes, self._notify)

    @contextmanager
    def remembering(self, known: KnownStates | None = None) -> Iterator[None]:
        """Cache the state of each object while the body runs.

        The cache follows what this client reads and writes. Changes by others are seen in the next
        body only; a conditional put never overwrites them, because S3 itself compares.
        """
        with self._states.remembering(known):
            yield

    def forget_all(self) -> None:
        """Ask for the state of each object again."""
        self._states.forget_all()

    def state(self, path: str) -> ObjectState | None:
        """Return what S3 tells about an object, or None if no object has exactly this key.

        Costs one request, and another one to tell why there is no answer in an unknown bucket.
        """
        return self._states.find(path)

    def exists(self, path: str) -> bool:
        """Return True if an object has exactly this key; costs as much as `state`."""
        return self.state(path) is not None

    def size(self, path: str) -> int | None:
        """Return the object's number of bytes, or None if it does not exist."""
        return state.size if (state := self.state(path)) else None

    def version(self, path: str) -> str | None:
        """Return what differs if the object's bytes do, or None if it does not exist."""
        return state.version if (state := self.state(path)) else None

    def sha256(self, path: str) -> str | None:
        """Return the SHA-256 of the object's bytes, or None if it does not exist.

        Costs one request. If S3 does not name the digest, a second one reads the object.

        Raises:
            TransferError: The object was read, and the transfer was cut short or damaged.
        """
        state = self.state(path)
        return None if state is None else state.sha256 or self._states.read(path).sha256

    def same_bytes(self, path: str, local_path: str) -> bool:
        """Return True if the object exists and its bytes equal the local file's.

        Costs one request. If S3 does not tell enough about the object, a second one reads it.

        Raises:
            TransferError: The object was read, and the transfer was cut short or damaged.
        """
        return bool((state := self.state(path)) and self._states.has_bytes(state, path, local_path))

    def get_key(self, path: str) -> ObjectReader:
        """Open the object for reading; costs a second request if it was uploaded in parts.

        If S3 names no digest of it, that is noted, and it is read twice: damage in transit that is
        the same both times stays unseen.

        Raises:
            S3KeyMissingError: The object does not exist.
            TooLargeError: The object is larger than the limit.
        """
        reader = self._states.open(path)
        if not reader.is_verified:
            self._notify(f"{path}: unverified: S3 names no digest of it, so it is read twice")
            with closing(reader):
                sha256 = stream_digest(reader)
            reader = self._states.open(path)
            reader.expect(sha256)
        return reader

    def fetch(self, path: str, local_path: str) -> ObjectState:
        """Receive an object as a local file, which appears whole, or not at all, on the disk.

        Returns:
            The state of the version that was received.

        Raises:
            S3KeyMissingError: The object does not exist.
            TooLargeError: The object is larger than the limit.
            TransferError: Each try was cut short or damaged in transit.
            OSError: The file cannot be written. Its folder must exist.
        """
        return retry(lambda: self._fetch_once(path, local_path))

    def _fetch_once(self, path: str, local_path: str) -> ObjectState:
        with closing(self.get_key(path)) as reader, atomic_path(local_path) as temporary_path:
            with open(temporary_path, "wb") as file:
                while chunk := reader.read(CHUNK_SIZE):
                    with naming_path(local_path):
                        file.write(chunk)
            return reader.state

    def put(
        self, local_path: str, path: str, keep_earlier: bool = False, **options: Any
    ) -> ObjectState:
        """Send a local file in one request, and return the object's state.

        With ``IfNoneMatch="*"`` it never overwrites. If the object exists with the same bytes, that
        counts as success: another publisher was faster, or the reply to our own request was lost.
        Some servers ignore the condition. The first such put tries that out with a second put of
        the same bytes. On such a server the object is asked for before each put, and compared
        after it; of two publishers at the same moment, one may still overwrite the other there.

        Args:
            local_path: The file, of at most 5 GiB.
            path: The object's URL.
            keep_earlier: Replace an object only when all bytes have arrived, at the price of four
                more requests. Otherwise a server that does not compare what it receives loses the
                earlier object if the transfer is damaged.
            options: Further arguments of ``put_object``. The default content type is that of the
                name.

        Raises:
            AlreadyExistsError: With ``IfNoneMatch``, the object exists with other bytes.
            ChangedError: On each try, other bytes arrived than the file held at first. They are
                removed again.
        """
        if keep_earlier:
            return self._publisher.put_by_copy(local_path, path, **options)
        if "IfNoneMatch" in options:
            return self._publisher.create(local_path, path, **options)
        return self._publisher.put(local_path, path, **options)

    def put_multipart(self, local_path: str, path: str, **options: Any) -> None:
        """`put`, under the name by which Luigi's ``AtomicS3File`` calls it on closing.

        Raises:
            NothingWrittenError: The file is empty.
        """
        check_written(local_path, path)
        self.put(local_path, path, **options)

    def listdir(self, path: str) -> Iterator[str]:
        """Yield the URLs of the objects that `list_files` yields."""
        return (file.path for file in self.list_files(path))

    def list_files(self, path: str) -> Iterator[ListedFile]:
        """Yield all objects below a prefix, in the order of their keys; 1,000 cost one request.

        Raises:
            TooLargeError: The listing is longer than the limit.
        """
        return self._requests.list(path)

    def list_pages(self, path: str, after: str = "") -> Iterator[ListedPage]:
        """Yield the pages of a listing, however long it is; each costs one request.

        Args:
            path: The URL of the prefix.
            after: The URL after which to begin, whether or not it exists; empty for the first.
        """
        return self._requests.list_pages(path, after)

    def isdir(self, path: str) -> bool:
        """Return True if there is an object below the prefix, in one request."""
        return any(self._requests.list(path, page_size=1))

    def mkdir(self, path: str, parents: bool = True, raise_if_exists: bool = False) -> None:
        """Do nothing: S3 has no folders."""

    def remove(self, path: str, recursive: bool = False, skip_trash: bool = True) -> None:
        """Delete one object permanently.

        Raises:
            ValueError: `recursive` is set; whole prefixes are never deleted.
        """
        if recursive:
            raise ValueError(f"{path}: a prefix cannot be deleted; delete single objects")
        try:
            self._requests.delete(path)
        finally:
            self._states.forget(path)
