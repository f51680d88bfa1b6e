"""Pages of a listing (ListObjectsV2), parsed fifty times as fast as by botocore.

botocore takes 0.2 s of CPU time for a page of 1,000 objects. So only the objects are taken out of
its replies before it parses the rest. Of the replies to `csci_utils.s3.direct`, nothing is left to
botocore.

The reply: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree
from xml.parsers import expat

from ..listing import ListedFile
from .replies import NOT_S3, not_s3, read_date

PAGE_SIZE = 1000
"""The number of objects in a page: S3's limit."""

_OBJECT = "Contents"
"""The name of the element of an object."""


class ListedPage(NamedTuple):
    """One page of a listing."""

    files: list[ListedFile]
    date: float
    """The server's time when it sent the page, in seconds since 1970."""


def take_objects(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Move the objects from the body of a reply to what botocore adds to the parsed reply.

    A handler of botocore's event ``before-parse.s3.ListObjectsV2``. Times stay texts. What is no
    listing becomes an error; botocore would take it for an empty one.
    """
    status = response_dict["status_code"]
    if status != 200:
        if status < 300:  # botocore would take it for an empty listing
            _refuse(response_dict, customized_response_dict, f"HTTP status {status}")
        return
    root = _parse(response_dict["body"])
    if root is None:
        _refuse(response_dict, customized_response_dict, "a page that is not XML")
        return
    if _name(root) == "Error":
        return  # botocore says so
    if _name(root) != "ListBucketResult":
        _refuse(response_dict, customized_response_dict, f"a page of {_name(root)!r}")
        return
    elements = _list_objects(root)
    objects = list(map(_read_fields, elements))
    if not all(each.get("Key") for each in objects):
        _refuse(
            response_dict, customized_response_dict, "an object without a key, a size or a time"
        )
        return
    for each in elements:
        root.remove(each)
    if objects:
        customized_response_dict["Contents"] = objects
        response_dict["body"] = ElementTree.tostring(root)


def refuse_document_type(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Take away the body of a reply with a document type, whose entities could fill the memory.

    A handler of botocore's event ``before-parse``. S3 sends none, but web pages have one.
    """
    body = response_dict["body"]
    name = _find_document_type(body) if isinstance(body, bytes) else None
    if name is None:
        return
    response_dict["body"] = b""
    if response_dict["status_code"] == 200:
        _refuse(response_dict, customized_response_dict, f"a page of {name!r}")


def parse_page(body: bytes, headers: Mapping[str, str]) -> dict[str, Any] | None:
    """Parse a page into the parts of botocore's reply that are read here; None if it is none."""
    root = None if _find_document_type(body) else _parse(body)
    if root is None or _name(root) != "ListBucketResult":
        return None
    reply: dict[str, Any] = {_name(each): each.text or "" for each in root if not len(each)}
    objects = list(map(_read_fields, _list_objects(root)))
    if not all(each.get("Key") for each in objects):
        return None
    if reply.get("EncodingType") == "url":
        for each in objects:
            each["Key"] = unquote_plus(each["Key"])
    return {
        **reply,
        "Contents": objects,
        "IsTruncated": reply.get("IsTruncated") == "true",
        "ResponseMetadata": {"HTTPHeaders": headers},
    }


class _BeginningError(Exception):
    """The beginning of an XML document is read: the name of its document type, or None."""


def _find_document_type(body: bytes) -> str | None:
    """Return the name of the document type that an XML document begins with; None without one."""

    def find(name: str, *_: object) -> None:
        raise _BeginningError(name)

    def find_none(*_: object) -> None:
        raise _BeginningError(None)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = find, find_none
    try:
        parser.Parse(body, True)
    except _BeginningError as beginning:
        found: str | None = beginning.args[0]
        return found
    except (expat.ExpatError, LookupError, ValueError):  # the last two: an odd encoding
        pass
    return None


def _parse(body: bytes) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(body)
    except (ElementTree.ParseError, LookupError, ValueError):  # the last two: an odd encoding
        return None


def _refuse(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], found: str
) -> None:
    """Turn a reply into an error after which botocore asks again, as after a damaged one."""
    response_dict.update(status_code=500, body=b"")
    customized_response_dict["Error"] = {"Code": NOT_S3, "Message": found}


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]  # some servers name no namespace


def _list_objects(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [each for each in root if _name(each) == _OBJECT]


def _read_fields(element: ElementTree.Element) -> dict[str, str]:
    begin = len(element.tag) - len(_OBJECT)  # the fields have the namespace of their object
    return {field.tag[begin:]: field.text or "" for field in element}


def read_page(reply: Mapping[str, Any], bucket: str, prefix: str) -> ListedPage:
    """Return a page.

    Args:
        reply: What botocore returns of it, with the objects of `take_objects`.
        bucket: The bucket that was asked.
        prefix: The prefix that was asked for.

    Raises:
        S3Error: An object has no size or time, or another prefix.
    """
    files = []
    for fields in reply.get("Contents", ()):
        try:
            if not fields["Key"].startswith(prefix):
                raise not_s3(f"an object {fields['Key']!r} outside the prefix")
            files.append(_read_object(fields, bucket))
        except (KeyError, ValueError, OverflowError):
            raise not_s3("an object without a key, a size or a time") from None
    return ListedPage(files, read_date(reply))


def _read_object(fields: Mapping[str, str], bucket: str) -> ListedFile:
    modified = datetime.fromisoformat(fields["LastModified"])
    if modified.tzinfo is None:
        modified = modified.replace(tzinfo=UTC)
    etag = fields.get("ETag", "").strip('"')
    return ListedFile(
        path=f"s3://{bucket}/{fields['Key']}",
        size=_read_size(fields["Size"]),
        modified=modified.timestamp(),
        mark=f"{etag} {fields['LastModified']}",
        etag=etag,
        checksum=f"{fields.get('ChecksumAlgorithm', '')} {fields.get('ChecksumType', '')}".strip(),
    )


def _read_size(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"expected a number of bytes, got {text!r}")
    return int(text)


def find_next_page(reply: Mapping[str, Any], options: dict[str, Any], tokens: set[str]) -> bool:
    """Return True if another page follows, and add to the options of the request what asks for it.

    Args:
        reply: What botocore returns of this page.
        options: The arguments of ``list_objects_v2``.
        tokens: Those of the pages so far; the next one is added.

    Raises:
        S3Error: Another page is said to follow, but not how to ask for a new one.
    """
    if not reply.get("IsTruncated"):
        return False
    token = reply.get("NextContinuationToken")
    if not token or token in tokens:
        raise not_s3("a page without the token of the next one")
    tokens.add(token)
    options["ContinuationToken"] = token
    return True
