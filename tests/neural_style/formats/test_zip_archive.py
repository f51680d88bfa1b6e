"""Zip archives in memory: what is read, and how every damage is found."""

from __future__ import annotations

import random
import struct
import zipfile
from io import BytesIO

import pytest

from neural_style import StyleError
from neural_style.formats.zip_archive import ZipArchive

CONTENT = {"model/data.pkl": b"pickled" * 10, "model/data/0": bytes(range(256)), "model/empty": b""}
LIMIT = 10_000


def pack(compression: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    """Return an archive of `CONTENT`."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.comment = comment
        for name, data in CONTENT.items():
            archive.writestr(name, data)
    return file.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the content of all members."""
    archive = ZipArchive(data, LIMIT)
    return {name: bytes(archive.read(name)) for name in archive.members}


def refusal_of(data: bytes) -> str:
    """Return the message of the error with which an archive is refused."""
    with pytest.raises(StyleError) as caught:
        unpack(data)
    assert str(caught.value).isprintable()
    return str(caught.value)


def replace(data: bytes, place: int, value: bytes) -> bytes:
    """Return `data` with other bytes at a place."""
    return data[:place] + value + data[place + len(value) :]


def find_entry(data: bytes) -> int:
    """Return where the directory begins."""
    return data.index(b"PK\1\2")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("comment", [b"", b"x" * (2**16 - 1)], ids=["bare", "with a comment"])
def test_every_member_is_read(compression: int, comment: bytes) -> None:
    assert unpack(pack(compression, comment)) == CONTENT


def test_a_stored_member_is_a_view_of_the_archive() -> None:
    data = pack()

    assert ZipArchive(data, LIMIT).read("model/data/0").obj is data


def test_members_written_as_a_stream_are_read() -> None:
    class Stream(BytesIO):
        def seekable(self) -> bool:
            return False

    file = Stream()
    with zipfile.ZipFile(file, "w") as archive, archive.open("a", "w") as member:
        member.write(b"content")  # its size and checksum follow it

    assert unpack(file.getvalue()) == {"a": b"content"}


# Damage


def test_every_cut_is_found() -> None:
    data = pack()

    for end in range(len(data)):
        assert "not an intact zip archive" in refusal_of(data[:end])


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_no_flipped_bit_changes_what_is_read(compression: int) -> None:
    data = pack(compression)
    rng = random.Random(0)

    for place in range(len(data)):
        altered = replace(data, place, bytes([data[place] ^ 1 << rng.randrange(8)]))
        try:
            content = unpack(altered)
        except StyleError:
            continue
        assert content == CONTENT  # times, versions and permissions do not matter


def test_a_flipped_bit_in_a_member_is_found() -> None:
    data = pack()
    place = data.index(bytes(range(256)))

    message = refusal_of(replace(data, place + 100, b"\0"))

    assert "model/data/0 in it does not match its checksum" in message


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        pytest.param(0, b"PK\1\3", "its directory is damaged", id="signature"),
        pytest.param(10, b"\x0e\0", "packed with method 14", id="LZMA"),
        pytest.param(10, b"\x08\0", "cannot be unpacked", id="not deflated"),
        pytest.param(20, b"\x01\0\0\0", "does not have the size 70", id="shorter"),
        pytest.param(20, b"\xff\xff\xff\xff", "it is cut off", id="too long"),
        pytest.param(24, b"\x45\0\0\0", "does not have the size 69", id="another size"),
        pytest.param(42, b"\x01\0\0\0", "does not match its members", id="another offset"),
        pytest.param(42, b"\xff\xff\xff\xff", "it is cut off", id="offset beyond the end"),
        pytest.param(46, b"M", "does not match its members", id="another name"),
    ],
)
def test_a_damaged_entry_is_refused(place: int, value: bytes, message: str) -> None:
    data = pack()

    assert message in refusal_of(replace(data, find_entry(data) + place, value))


@pytest.mark.parametrize("declared", [0, 1, 69, 71, 9_000])
def test_a_member_that_unpacks_to_another_size_is_refused(declared: int) -> None:
    data = pack(zipfile.ZIP_DEFLATED)

    altered = replace(data, find_entry(data) + 24, struct.pack("<I", declared))

    assert f"does not have the size {declared:,}" in refusal_of(altered)


def test_members_larger_than_the_limit_are_refused_unread() -> None:
    data = pack(zipfile.ZIP_DEFLATED)

    altered = replace(data, find_entry(data) + 24, struct.pack("<I", LIMIT + 1))

    assert "expected at most 10,000 bytes when unpacked, got 10,257" in refusal_of(altered)


def test_two_members_of_one_name_are_refused() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for content in ("one", "other"):
            archive.writestr("name", content)

    assert "two members named name" in refusal_of(file.getvalue())


def test_bytes_behind_the_end_are_refused() -> None:
    assert "its end is damaged" in refusal_of(pack() + b"more")


def test_a_missing_member_is_named() -> None:
    with pytest.raises(StyleError, match=r"a zip archive without model/other"):
        ZipArchive(pack(), LIMIT).read("model/other")
