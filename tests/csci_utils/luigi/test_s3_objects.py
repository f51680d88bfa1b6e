"""URLs and content types."""

from __future__ import annotations

import pytest

from csci_utils.luigi.s3_objects import content_type, split_url


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("s3://bucket/key", ("bucket", "key")),
        ("s3://bucket/a/b c?d#e%20", ("bucket", "a/b c?d#e%20")),
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket//key", ("bucket", "/key")),
    ],
)
def test_a_url_is_split_into_bucket_and_key(url: str, parts: tuple[str, str]) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize("url", ["bucket/key", "s3://", "s3:///key", "https://bucket/key", ""])
def test_another_url_is_an_error(url: str) -> None:
    with pytest.raises(ValueError, match="expected s3://bucket/key"):
        split_url(url)


MEDIA_TYPES = {
    "photo.jpg": "image/jpeg",
    "PHOTO.JPG": "image/jpeg",
    "a.b.png": "image/png",
    "photo.webp": "image/webp",
    "photo.avif": "image/avif",
    "photo.jp2": "image/jp2",
    "list.json": "application/json",
    "model.onnx": "application/octet-stream",
    "none": "application/octet-stream",
}


@pytest.mark.parametrize(("name", "expected"), MEDIA_TYPES.items())
def test_a_name_determines_the_content_type(name: str, expected: str) -> None:
    assert content_type(name) == expected
