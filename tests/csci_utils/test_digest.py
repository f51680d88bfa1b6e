"""Digests and their cache."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import IO, Any

import pytest

from csci_utils import digest
from csci_utils.digest import DigestCache, file_digest, file_state
from tests.support.pipeline.programs import wait_until


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
@pytest.mark.parametrize("content", [b"", b"some bytes", bytes(range(256)) * 9000])
def test_a_digest_equals_that_of_hashlib(algorithm: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"

    path.write_bytes(content)

    assert file_digest(path, algorithm) == hashlib.new(algorithm, content).hexdigest()


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_chunk_may_end_anywhere(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")

    monkeypatch.setattr(digest, "CHUNK_SIZE", size)

    assert file_digest(path) == hashlib.sha256(b"abc").hexdigest()


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_digest(tmp_path / "missing")


def test_an_unchanged_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"some bytes")
    monkeypatch.setattr(digest, "SETTLING_NS", -1)
    opened = _note_opening(monkeypatch)
    file_digest(path)

    file_digest(path)

    assert opened == [path]


def test_a_cache_keeps_a_bounded_number_of_digests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / name for name in ("one", "two")]
    for path in paths:
        path.write_bytes(b"some bytes")
    monkeypatch.setattr(digest, "SETTLING_NS", -1)
    opened = _note_opening(monkeypatch)
    cache = DigestCache(max_entries=1)

    for path in (*paths, paths[1], paths[0]):
        cache.file_digest(path)

    assert opened == [*paths, paths[0]]


@pytest.mark.parametrize("content", [b"one", b"longer"])
def test_a_file_that_changed_is_read_again(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"two")
    monkeypatch.setattr(digest, "SETTLING_NS", -1)
    file_digest(path)
    path.write_bytes(content)

    os.utime(path, ns=(0, 0))

    assert file_digest(path) == hashlib.sha256(content).hexdigest()


def test_a_change_within_one_tick_of_the_clock_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    status = os.stat(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda *_, **__: status)
        file_digest(path)
        path.write_bytes(b"two")
        found = file_digest(path)

    assert found == hashlib.sha256(b"two").hexdigest()


def test_crc32_is_a_digest(tmp_path: Path) -> None:
    path = tmp_path / "file"

    path.write_bytes(b"123456789")

    assert file_digest(path, "crc32") == "cbf43926"  # the check value of CRC-32


@pytest.mark.parametrize(
    ("modified", "settling"),
    [
        (1_700_000_000_123_456_789, digest.FINE_SETTLING_NS),
        (1_700_000_000_000_000_000, digest.SETTLING_NS),  # FAT
        (1_700_000_000_120_000_000, digest.SETTLING_NS),  # exFAT
    ],
)
def test_a_file_settles(
    modified: int, settling: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"some bytes")
    os.utime(path, ns=(modified, modified))
    latest = path.stat().st_ctime_ns

    for age, is_settled in ((0, False), (settling - 1, False), (settling, True)):
        monkeypatch.setattr(time, "time_ns", lambda: latest + age)  # noqa: B023
        assert (file_state(path) is not None) is is_settled


def test_a_change_with_the_same_size_and_time_changes_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    os.utime(path, ns=(0, 0))
    first = path.stat().st_ctime_ns
    monkeypatch.setattr(digest, "SETTLING_NS", -1)
    before = file_state(path)

    def change() -> bool:
        """Return True once the system's clock has ticked since the file was written first."""
        path.write_bytes(b"two")
        os.utime(path, ns=(0, 0))
        return path.stat().st_ctime_ns != first

    wait_until(change)

    assert file_state(path) != before


def test_an_opener_opens_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"some bytes")
    opened: list[str] = []

    def opener(name: str, flags: int) -> int:
        opened.append(os.fspath(name))
        return os.open(name, flags)

    file_digest(path, opener=opener)

    assert set(opened) == {str(path)}


def _note_opening(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    opened: list[Path] = []

    def noting(path: Path, *arguments: Any, **options: Any) -> IO[Any]:
        opened.append(path)
        return open(path, *arguments, **options)

    monkeypatch.setattr(digest, "open", noting, raising=False)
    return opened
