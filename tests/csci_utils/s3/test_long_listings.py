"""Listings that are long, and listings that are damaged at random."""

from __future__ import annotations

import random
import tracemalloc
from urllib.parse import parse_qs, urlsplit

import pytest

from csci_utils.errors import S3Error
from csci_utils.s3 import S3Client
from tests.support.remotes.s3_fake import FakeS3
from tests.support.servers import QuietHandler, aws_environment, serve

KEYS = 50_000
PAGE = 1000
MEMORY = 10 << 20
ROUNDS = 400


def make_entry(number: int) -> str:
    return (
        f"<Contents><Key>folder/image-{number:07}.jpg</Key><Size>61440</Size>"
        f"<ETag>&quot;{number:032x}&quot;</ETag><ChecksumAlgorithm>SHA256</ChecksumAlgorithm>"
        "<LastModified>2026-11-26T20:37:42.000Z</LastModified></Contents>"
    )


def make_page(start: int, end: int) -> bytes:
    """Return the objects from one number to another, and where the next page starts."""
    entries = "".join(map(make_entry, range(start, min(end, KEYS))))
    token = f"<NextContinuationToken>{end}</NextContinuationToken>" if end < KEYS else ""
    truncated = f"<IsTruncated>{str(end < KEYS).lower()}</IsTruncated>"
    return f"<ListBucketResult>{truncated}{entries}{token}</ListBucketResult>".encode()


class EndlessBucket(QuietHandler):
    """Makes up the pages of a bucket that nobody keeps."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        start = int(query.get("continuation-token", ["0"])[0])
        body = make_page(start, start + PAGE)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.mark.soak
def test_a_long_listing_needs_the_memory_of_a_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve(EndlessBucket) as url:
        for name, value in aws_environment(url).items():
            monkeypatch.setenv(name, value)
        client = S3Client()
        client.isdir("s3://bucket")  # botocore's own memory

        tracemalloc.start()
        try:
            count = sum(1 for _ in client.list_files("s3://bucket/folder"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert count == KEYS
    assert peak < MEMORY


def damage(page: bytes, rng: random.Random) -> bytes:
    """Change, remove, insert or repeat some bytes of a page."""
    data = bytearray(page)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(data))
        end = min(len(data), start + rng.choice((1, 1, 8, 200)))
        piece = bytes(data[start:end])
        data[start:end] = rng.choice(
            (b"", rng.randbytes(len(piece)), piece * 2, b"<", b"&#0;", b"\xff", piece[::-1])
        )
    return bytes(data)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_page_is_an_error_or_a_listing(seed: int, fake_s3: FakeS3) -> None:
    rng = random.Random(seed)
    page = make_page(KEYS - 20, KEYS)
    client = S3Client()
    for _ in range(ROUNDS):
        fake_s3.answers.clear()
        fake_s3.answer(200, damage(page, rng))
        try:
            listed = list(client.list_files("s3://bucket/folder"))
        except S3Error:
            continue
        assert len(listed) <= 40
        for file in listed:
            assert file.path.startswith("s3://bucket/folder/")
            assert isinstance(file.size, int)
            assert isinstance(file.modified, float)
