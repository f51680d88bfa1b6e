"""One contract, run on every target, local and S3."""

from __future__ import annotations

import gc
import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from luigi.format import UTF8, Format, Gzip, Nop, Text
from luigi.local_target import LocalTarget
from luigi.target import FileSystemTarget

from csci_utils.errors import AlreadyExistsError, NothingWrittenError
from csci_utils.luigi import SuffixPreservingLocalTarget
from tests.support.remotes.targets import Interruption, MakeTarget

LINES = "first line\nzweite Zeile: äöü\n"
FORMATS = {"Nop": Nop, "Text": Text, "UTF8": UTF8, "Gzip": Gzip, "UTF8 >> Gzip": UTF8 >> Gzip}

overwriting = pytest.mark.parametrize(
    "make_target", ["suffix-preserving", "rooted", "s3"], indirect=True
)
creating_only = pytest.mark.parametrize(
    "make_target", ["create-only", "rooted-create-only", "s3-create-only"], indirect=True
)
every_format = pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)


def write(target: FileSystemTarget, content: bytes | str) -> None:
    with target.open("w") as file:
        file.write(content)


def read(target: FileSystemTarget) -> Any:
    with target.open("r") as file:
        return file.read()


def in_format(format: Format) -> bytes | str:
    """Return the lines in the type that files of this format take."""
    return LINES if getattr(format, "input", "bytes") == "unicode" else LINES.encode()


@every_format
def test_a_target_returns_what_was_written(format: Format, make_target: MakeTarget) -> None:
    target = make_target(format=format)

    write(target, in_format(format))

    assert read(target) == in_format(format)


# Not Nop: where lines are bytes, Luigi's S3 file compares them with a string.
@pytest.mark.parametrize("format", [UTF8, Gzip], ids=["UTF8", "Gzip"])
def test_lines_are_read_one_by_one(format: Format, make_target: MakeTarget) -> None:
    target = make_target(format=format)
    write(target, in_format(format))

    with target.open("r") as file:
        assert list(file) == in_format(format).splitlines(keepends=True)


def test_large_content_is_kept(make_target: MakeTarget) -> None:
    content = os.urandom(3_000_001)

    write(make_target(), content)

    assert read(make_target()) == content


def test_nothing_exists_before_it_is_written(make_target: MakeTarget) -> None:
    assert not make_target().exists()


def test_the_digest_of_what_was_written_is_known(make_target: MakeTarget) -> None:
    target = make_target()
    assert target.fs.sha256(target.path) is None

    write(target, b"some bytes")

    assert target.fs.sha256(target.path) == hashlib.sha256(b"some bytes").hexdigest()


def test_nothing_exists_before_it_is_closed(make_target: MakeTarget) -> None:
    target = make_target()

    with target.open("w") as file:
        file.write(b"content")
        file.flush()
        assert not target.exists()


def test_a_written_target_exists(make_target: MakeTarget) -> None:
    write(make_target(), b"content")

    assert make_target().exists()


def test_a_removed_target_does_not_exist(make_target: MakeTarget) -> None:
    write(make_target(), b"content")

    make_target().remove()

    assert not make_target().exists()


def test_a_folder_or_prefix_does_not_exist(make_target: MakeTarget) -> None:
    write(make_target("x.png/y"), b"content")

    assert not make_target("x.png").exists()


def test_reading_a_missing_target_is_an_error(make_target: MakeTarget) -> None:
    with pytest.raises(FileNotFoundError):
        make_target().open("r")


@pytest.mark.parametrize("mode", ["a", "r+", "x", ""])
def test_another_mode_is_an_error(mode: str, make_target: MakeTarget) -> None:
    with pytest.raises(ValueError, match="mode"):
        make_target().open(mode)


@pytest.mark.parametrize("interruption", [RuntimeError, Interruption])
@every_format
def test_a_body_that_raises_commits_nothing(
    format: Format, interruption: type[BaseException], make_target: MakeTarget
) -> None:
    target = make_target(format=format)

    with pytest.raises(interruption), target.open("w") as file:
        file.write(in_format(format))
        raise interruption

    assert not target.exists()


def test_a_body_that_writes_nothing_is_an_error(make_target: MakeTarget) -> None:
    target = make_target("photo.jpg")

    with pytest.raises(NothingWrittenError, match=r"photo\.jpg"), target.open("w"):
        pass


def test_a_body_that_writes_nothing_commits_nothing(make_target: MakeTarget) -> None:
    with pytest.raises(NothingWrittenError), make_target().open("w"):
        pass

    assert not make_target().exists()


def test_an_unclosed_writer_commits_nothing(make_target: MakeTarget) -> None:
    file = make_target().open("w")
    file.write(b"content")
    del file

    gc.collect()

    assert not make_target().exists()


@overwriting
def test_a_second_write_replaces_the_first(make_target: MakeTarget) -> None:
    write(make_target(), b"first")

    write(make_target(), b"second")

    assert read(make_target()) == b"second"


@overwriting
def test_a_body_that_raises_keeps_the_earlier_version(make_target: MakeTarget) -> None:
    write(make_target(), b"earlier")

    with pytest.raises(RuntimeError), make_target().open("w") as file:
        file.write(b"part")
        raise RuntimeError

    assert read(make_target()) == b"earlier"


@creating_only
def test_creating_an_existing_target_is_an_error(make_target: MakeTarget) -> None:
    write(make_target("photo.jpg"), b"first")

    with pytest.raises(AlreadyExistsError, match=r"photo\.jpg"):
        write(make_target("photo.jpg"), b"other")


@creating_only
def test_creating_leaves_an_existing_target_alone(make_target: MakeTarget) -> None:
    write(make_target(), b"first")

    with pytest.raises(AlreadyExistsError):
        write(make_target(), b"other")

    assert read(make_target()) == b"first"


@creating_only
def test_creating_the_same_bytes_again_succeeds(make_target: MakeTarget) -> None:
    write(make_target(), b"same")

    write(make_target(), b"same")

    assert read(make_target()) == b"same"


@pytest.fixture
def race(make_target: MakeTarget) -> tuple[list[bytes], list[Exception]]:
    """The winners' bytes and the losers' errors of eight simultaneous writers."""
    start = threading.Barrier(8)
    won: list[bytes] = []
    lost: list[Exception] = []

    def compete(content: bytes) -> None:
        try:
            with make_target().open("w") as file:
                file.write(content)
                start.wait()
        except Exception as error:
            lost.append(error)
        else:
            won.append(content)

    threads = [
        threading.Thread(target=compete, args=(bytes([number]) * 100_000,)) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won, lost


@creating_only
def test_of_simultaneous_writers_exactly_one_wins(
    race: tuple[list[bytes], list[Exception]],
) -> None:
    won, _ = race

    assert len(won) == 1


@creating_only
def test_of_simultaneous_writers_all_others_fail(
    race: tuple[list[bytes], list[Exception]],
) -> None:
    _, lost = race

    assert [type(error) for error in lost] == [AlreadyExistsError] * 7


@creating_only
def test_of_simultaneous_writers_the_winner_writes_all_its_bytes(
    race: tuple[list[bytes], list[Exception]], make_target: MakeTarget
) -> None:
    won, _ = race

    assert read(make_target()) == won[0]


# Compatibility with Luigi's own targets.


@every_format
def test_a_file_equals_the_one_that_luigi_writes(format: Format, tmp_path: Path) -> None:
    write(SuffixPreservingLocalTarget(tmp_path / "ours", format=format), in_format(format))

    write(LocalTarget(tmp_path / "luigis", format=format), in_format(format))

    assert (tmp_path / "ours").read_bytes() == (tmp_path / "luigis").read_bytes()


@every_format
def test_a_file_of_luigi_is_read(format: Format, tmp_path: Path) -> None:
    write(LocalTarget(tmp_path / "file", format=format), in_format(format))

    found = read(SuffixPreservingLocalTarget(tmp_path / "file", format=format))

    assert found == read(LocalTarget(tmp_path / "file", format=format))
