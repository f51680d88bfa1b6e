"""Sending a file in parts, when it is larger than S3 accepts in one request.

Nobody sees the object before all parts have arrived and were compared, so this replaces an earlier
object as safely as it creates one. See
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from s3transfer.utils import ReadFileChunk

from ...digest import CHUNK_SIZE, file_digest
from ...errors import S3Error
from ...transfers import work_on_many
from ..errors import translated_errors
from ..objects import SHA256_METADATA, ObjectState, content_type, read_state, split_url
from ..replies import damaged_upload, error_code
from ..requests import S3Requests
from .sending import encode_digest, send_again
from .temporaries import Note, TemporaryNotes

MAX_PARTS = 10_000
"""S3's limit."""

PARTS_IN_FLIGHT = 4
"""The number of parts of one file that are sent at once."""


class _Part(NamedTuple):
    number: int
    """From 1."""
    start: int
    size: int
    md5: str
    sha256: str


def put_parts(
    requests: S3Requests,
    local_path: str,
    path: str,
    notes: TemporaryNotes,
    notify: Callable[[str], None],
    **options: Any,
) -> ObjectState:
    """Send a local file in parts, and return the new object's state.

    Each part goes with its MD5 and SHA-256, and the whole file's SHA-256 into the object's
    metadata, as with `put_file`. What was sent before an error is deleted; after a kill,
    `S3Client.sweep` does that.

    Args:
        requests: The connection; its limits name the size of the parts.
        local_path: The file, of any size that S3 takes.
        path: The object's URL.
        notes: Where the upload is noted as long as it is open.
        notify: Called if what was sent cannot be deleted.
        options: Further arguments of ``create_multipart_upload``, and ``IfNoneMatch``.

    Raises:
        AlreadyExistsError: ``IfNoneMatch="*"`` is given, and the object exists.
        ChangedError: On each try, other bytes arrived than the file held at first.
        S3Error: S3 or the network refuses.
    """
    sha256 = file_digest(local_path)
    condition = {"IfNoneMatch": options.pop("IfNoneMatch")} if "IfNoneMatch" in options else {}
    metadata = {**options.pop("Metadata", {}), SHA256_METADATA: sha256}
    options = {"ContentType": content_type(path), **options, "Metadata": metadata}
    upload = _Upload(requests, local_path, path)
    with translated_errors(path):
        note = upload.begin(notes, **options)
        try:
            parts = upload.send(sha256)
            state = upload.complete(parts, sha256, **condition)
        except BaseException:
            notes.abort_upload(requests, note, notify)
            raise
    notes.remove(note.name)
    return state


class _Upload:
    """One upload in parts."""

    def __init__(self, requests: S3Requests, local_path: str, path: str) -> None:
        self._requests = requests
        self._client = requests.connect(path)
        self._local_path = local_path
        self._path = path
        bucket, key = split_url(path)
        self._names = {"Bucket": bucket, "Key": key}
        self._has_failed = False

    def begin(self, notes: TemporaryNotes, **options: Any) -> Note:
        """Open the upload, and return the note of it."""
        reply = self._client.create_multipart_upload(
            **self._names, ChecksumAlgorithm="SHA256", **options
        )
        self._names["UploadId"] = reply["UploadId"]
        return notes.add(self._path, self._client.meta.endpoint_url, reply["UploadId"])

    def send(self, sha256: str) -> list[dict[str, Any]]:
        """Send all parts, and return what completes the upload.

        Raises:
            ChangedError: The file has not this SHA-256 any more.
        """
        whole = hashlib.sha256()
        outcomes = work_on_many(self._send_part, self._read_parts(whole), PARTS_IN_FLIGHT)
        # All, also after an error: a part that is on its way could outlive the upload.
        sent = [outcome.get() for outcome in list(outcomes)]
        if whole.hexdigest() != sha256:
            raise damaged_upload(self._path)
        return sorted(sent, key=lambda part: int(part["PartNumber"]))

    def complete(self, parts: list[dict[str, Any]], sha256: str, **condition: Any) -> ObjectState:
        """Make the object of its parts."""
        try:
            self._client.complete_multipart_upload(
                **self._names, MultipartUpload={"Parts": parts}, **condition
            )
        except ClientError as error:
            # If the reply to a first request was lost, the upload is complete already.
            state = self._requests.state(self._path) if _is_unknown(error) else None
            if state is None or state.recorded_sha256 != sha256:
                raise
            return state
        state = self._requests.state(self._path)
        if state is None:
            raise S3Error("the object was deleted as soon as it was there", remedy="run again")
        return state

    def _read_parts(self, whole: Any) -> Iterator[_Part]:
        """Yield the parts, and add their bytes to the digest of the whole file."""
        size = os.stat(self._local_path).st_size
        part_size = max(self._requests.limits.part_bytes, math.ceil(size / MAX_PARTS))
        with open(self._local_path, "rb") as file:
            for number, start in enumerate(range(0, size, part_size), start=1):
                if self._has_failed:
                    return
                md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
                missing = min(part_size, size - start)
                while chunk := file.read(min(missing, CHUNK_SIZE)):
                    missing -= len(chunk)
                    for digest in (md5, sha256, whole):
                        digest.update(chunk)
                length = file.tell() - start
                yield _Part(number, start, length, md5.hexdigest(), sha256.hexdigest())

    def _send_part(self, part: _Part) -> dict[str, Any]:
        """Send a part, unless another one has failed, and return what completes the upload."""
        if self._has_failed:
            return {}
        try:
            with translated_errors(self._path):
                return send_again(lambda: self._send_once(part))
        except BaseException:
            self._has_failed = True
            raise

    def _send_once(self, part: _Part) -> dict[str, Any]:
        with ReadFileChunk.from_filename(self._local_path, part.start, part.size) as body:
            reply = self._client.upload_part(
                **self._names,
                PartNumber=part.number,
                Body=body,
                ContentMD5=encode_digest(part.md5),
                ChecksumSHA256=encode_digest(part.sha256),
            )
        if read_state(reply, size=part.size).md5 not in (None, part.md5):
            raise damaged_upload(self._path)
        checksum = {"ChecksumSHA256": encode_digest(part.sha256)}
        # Some servers that keep no checksums refuse to compare them at the end.
        named = checksum if "ChecksumSHA256" in reply else {}
        return {"PartNumber": part.number, "ETag": reply["ETag"], **named}


def _is_unknown(error: ClientError) -> bool:
    return error_code(error) in ("NoSuchUpload", "404")
