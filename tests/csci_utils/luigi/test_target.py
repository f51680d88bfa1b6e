"""Promises of local targets beyond the contract of all targets."""

from __future__ import annotations

import errno
import gc
import os
import secrets
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from luigi.format import UTF8, Format, Gzip, Nop
from luigi.local_target import LocalTarget

from csci_utils.atomic import MAX_NAME_BYTES, Sweeper
from csci_utils.errors import AlreadyExistsError, NothingWrittenError
from csci_utils.luigi import (
    BaseAtomicProviderLocalTarget,
    CreateOnlyLocalTarget,
    SuffixPreservingLocalTarget,
    create_only_atomic_file,
    suffix_preserving_atomic_file,
)
from tests.support.remotes.commits import trace_commits
from tests.support.remotes.orphans import make_old
from tests.support.remotes.targets import Interruption

WriteInto = Callable[[LocalTarget, bytes], None]

SUFFIXED_NAMES = ["photo.jpg", "archive.tar.gz", "a.b.c.d", ".hidden.png", ".hidden", "none"]

needs_permissions = pytest.mark.usefixtures("bound_by_permissions")

both_local = pytest.mark.parametrize("kind", [SuffixPreservingLocalTarget, CreateOnlyLocalTarget])


# Both ways of writing a local target.


def write_to_file(target: LocalTarget, content: bytes) -> None:
    with target.open("w") as file:
        file.write(content)


def write_by_name(target: LocalTarget, content: bytes) -> None:
    with target.temporary_path() as path:
        Path(path).write_bytes(content)


def rename_into_place(target: LocalTarget, content: bytes) -> None:
    """Write as programs do that are atomic themselves."""
    with target.temporary_path() as path:
        Path(f"{path}.other").write_bytes(content)
        os.replace(f"{path}.other", path)


both_ways = pytest.mark.parametrize("write_into", [write_to_file, write_by_name])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


@both_local
@pytest.mark.parametrize("write_into", [write_to_file, write_by_name, rename_into_place])
def test_only_the_target_remains(
    write_into: WriteInto, kind: type[LocalTarget], folder: Path
) -> None:
    write_into(kind(folder / "photo.jpg", format=Nop), b"content")

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"photo.jpg": b"content"}


@both_local
@pytest.mark.parametrize("interruption", [RuntimeError, Interruption])
def test_a_body_that_raises_leaves_no_temporary_file(
    interruption: type[BaseException], kind: type[LocalTarget], folder: Path
) -> None:
    with pytest.raises(interruption), kind(folder / "photo.jpg", format=Nop).open("w") as file:
        file.write(b"part")
        raise interruption

    assert list(folder.iterdir()) == []


@both_local
@pytest.mark.parametrize("interruption", [RuntimeError, Interruption])
def test_a_body_with_a_temporary_path_that_raises_leaves_nothing(
    interruption: type[BaseException], kind: type[LocalTarget], folder: Path
) -> None:
    with pytest.raises(interruption), kind(folder / "photo.jpg").temporary_path() as path:
        Path(path).write_bytes(b"part")
        raise interruption

    assert list(folder.iterdir()) == []


def test_a_compressing_body_that_raises_leaves_no_temporary_file(
    folder: Path,
) -> None:
    def fail() -> None:
        with SuffixPreservingLocalTarget(folder / "text.gz", format=Gzip).open("w") as file:
            file.write(b"part")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    gc.collect()

    assert list(folder.iterdir()) == []


@both_local
@pytest.mark.parametrize("remove", [False, True])
def test_an_empty_or_removed_temporary_file_is_an_error(
    remove: bool, kind: type[LocalTarget], folder: Path
) -> None:
    target = kind(folder / "photo.jpg")

    with pytest.raises(NothingWrittenError), target.temporary_path() as path:
        if remove:
            os.remove(path)


@both_local
def test_a_body_that_writes_nothing_leaves_no_temporary(
    kind: type[LocalTarget], folder: Path
) -> None:
    with pytest.raises(NothingWrittenError), kind(folder / "photo.jpg").temporary_path():
        pass

    assert list(folder.iterdir()) == []


def test_a_body_that_writes_nothing_keeps_the_earlier_version(folder: Path) -> None:
    (folder / "photo.jpg").write_bytes(b"earlier")
    target = SuffixPreservingLocalTarget(folder / "photo.jpg")

    with pytest.raises(NothingWrittenError), target.temporary_path():
        pass

    assert (folder / "photo.jpg").read_bytes() == b"earlier"


@both_ways
def test_missing_folders_are_created(write_into: WriteInto, folder: Path) -> None:
    path = folder / "a" / "b" / "photo.jpg"

    write_into(SuffixPreservingLocalTarget(path, format=Nop), b"content")

    assert path.read_bytes() == b"content"


@both_ways
def test_a_path_may_be_relative(write_into: WriteInto) -> None:
    write_into(SuffixPreservingLocalTarget("photo.jpg", format=Nop), b"content")

    assert Path("photo.jpg").read_bytes() == b"content"


@both_local
def test_permissions_are_the_default_ones(kind: type[LocalTarget], folder: Path) -> None:
    write_to_file(kind(folder / "photo.jpg", format=Nop), b"content")

    (folder / "other.jpg").write_bytes(b"content")

    assert (folder / "photo.jpg").stat().st_mode == (folder / "other.jpg").stat().st_mode


@pytest.mark.parametrize("mode", ["w", "wb", "wt"])
def test_all_modes_for_writing_are_accepted(mode: str, folder: Path) -> None:
    with SuffixPreservingLocalTarget(folder / "file", format=Nop).open(mode) as file:
        file.write(b"content")

    assert (folder / "file").read_bytes() == b"content"


# The provider.


class RecordingFile(suffix_preserving_atomic_file):
    made_for: list[str]

    def __init__(self, path: str) -> None:
        self.made_for.append(path)
        super().__init__(path)


@both_ways
def test_both_ways_of_writing_go_through_the_provider(write_into: WriteInto, folder: Path) -> None:
    class Target(BaseAtomicProviderLocalTarget):
        atomic_provider = RecordingFile

    RecordingFile.made_for = []

    write_into(Target(folder / "photo.jpg", format=Nop), b"content")

    assert RecordingFile.made_for == [str(folder / "photo.jpg")]


@pytest.mark.parametrize(
    ("kind", "provider"),
    [
        (BaseAtomicProviderLocalTarget, suffix_preserving_atomic_file),
        (SuffixPreservingLocalTarget, suffix_preserving_atomic_file),
        (CreateOnlyLocalTarget, create_only_atomic_file),
    ],
)
def test_each_target_has_its_provider(
    kind: type[BaseAtomicProviderLocalTarget], provider: type
) -> None:
    assert kind.atomic_provider is provider


# The temporary file.


@pytest.mark.parametrize("name", SUFFIXED_NAMES)
def test_the_temporary_path_keeps_the_suffixes(name: str, folder: Path) -> None:
    with suffix_preserving_atomic_file(folder / name) as file:
        file.write(b"content")
        assert Path(file.tmp_path.replace(".luigi-tmp-", "")).suffixes == Path(name).suffixes


@pytest.mark.parametrize("name", SUFFIXED_NAMES)
def test_the_temporary_file_lies_beside_the_target(name: str, folder: Path) -> None:
    with suffix_preserving_atomic_file(folder / name) as file:
        file.write(b"content")
        assert [str(path) for path in folder.iterdir()] == [file.tmp_path]


def test_the_temporary_file_is_hidden(folder: Path) -> None:
    with suffix_preserving_atomic_file(folder / "photo.jpg") as file:
        file.write(b"content")
        assert os.path.basename(file.tmp_path).startswith(".")


@both_local
@pytest.mark.parametrize(
    "name",
    ["a" * 251 + ".png", "a." + "b" * 253, "a" + ".b" * 127, "a." + "é" * 126 + "b"],
    ids=["long stem", "long suffix", "many suffixes", "two bytes a letter"],
)
def test_the_longest_name_can_be_written(name: str, kind: type[LocalTarget], folder: Path) -> None:
    assert len(os.fsencode(name)) == MAX_NAME_BYTES

    write_to_file(kind(folder / name, format=Nop), b"content")

    assert (folder / name).read_bytes() == b"content"


def test_a_name_that_is_too_long_leaves_nothing(folder: Path) -> None:
    with pytest.raises(OSError, match=os.strerror(errno.ENAMETOOLONG)):
        write_to_file(SuffixPreservingLocalTarget(folder / ("a" * 256), format=Nop), b"content")

    assert list(folder.iterdir()) == []


@pytest.fixture
def planted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A link at the path of the next temporary file, to the file ``victim``."""
    monkeypatch.setattr(secrets, "token_hex", lambda _: "guessed")
    with suffix_preserving_atomic_file(folder / "photo.jpg") as file:
        file.abort()
    link = Path(file.tmp_path)
    (folder / "victim").write_bytes(b"untouched")
    link.symlink_to(folder / "victim")
    return link


@both_ways
def test_a_planted_temporary_is_an_error(
    write_into: WriteInto, planted: Path, folder: Path
) -> None:
    with pytest.raises(FileExistsError):
        write_into(SuffixPreservingLocalTarget(folder / "photo.jpg", format=Nop), b"content")


@both_ways
def test_a_planted_link_is_not_followed(write_into: WriteInto, planted: Path, folder: Path) -> None:
    with pytest.raises(FileExistsError):
        write_into(SuffixPreservingLocalTarget(folder / "photo.jpg", format=Nop), b"content")

    assert (folder / "victim").read_bytes() == b"untouched"


def test_a_planted_link_is_not_removed(planted: Path, folder: Path) -> None:
    with pytest.raises(FileExistsError):
        suffix_preserving_atomic_file(folder / "photo.jpg")

    assert planted.is_symlink()


def test_a_file_that_was_not_created_is_collected_silently(
    planted: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    with pytest.raises(FileExistsError):
        suffix_preserving_atomic_file(folder / "photo.jpg")

    gc.collect()

    assert complaints == []


# The commit.


@pytest.fixture
def trace(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The syncs and renames of the test, in order."""
    return trace_commits(monkeypatch)


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot sync a folder")
@both_local
@both_ways
def test_the_file_is_synced_then_renamed_then_the_folder_is_synced(
    write_into: WriteInto, kind: type[LocalTarget], trace: list[str], folder: Path
) -> None:
    write_into(kind(folder / "photo.jpg", format=Nop), b"12345")

    assert trace == ["sync file of 5 bytes", "rename", "sync folder"]


def test_a_file_that_is_closed_twice_is_committed_once(trace: list[str], folder: Path) -> None:
    with suffix_preserving_atomic_file(folder / "photo.jpg") as file:
        file.write(b"content")
        file.close()

    assert trace.count("rename") == 1


def test_an_aborted_file_is_not_committed(folder: Path) -> None:
    with suffix_preserving_atomic_file(folder / "photo.jpg") as file:
        file.write(b"content")
        file.abort()

    assert list(folder.iterdir()) == []


@contextmanager
def full_disk() -> Iterator[None]:
    """Limit files to 1000 bytes while the body runs, because pytest itself writes files."""
    resource = pytest.importorskip("resource", reason="limits on file sizes are POSIX's")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# The smaller size stays in the buffer until the file is closed.
@both_ways
@pytest.mark.parametrize("size", [2000, 2_000_000])
def test_a_full_disk_leaves_the_earlier_version_alone(
    size: int, write_into: WriteInto, folder: Path
) -> None:
    (folder / "photo.jpg").write_bytes(b"earlier")

    with pytest.raises(OSError), full_disk():
        write_into(SuffixPreservingLocalTarget(folder / "photo.jpg", format=Nop), b"x" * size)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"photo.jpg": b"earlier"}


@pytest.mark.parametrize("size", [2000, 2_000_000])
@pytest.mark.parametrize("kind", [Nop, UTF8], ids=["bytes", "text"])
def test_an_error_of_a_full_disk_names_the_target(kind: Format, size: int, folder: Path) -> None:
    target = SuffixPreservingLocalTarget(folder / "photo.jpg", format=kind)
    content = "x" * size if kind is UTF8 else b"x" * size

    with pytest.raises(OSError) as caught, full_disk(), target.open("w") as file:
        file.write(content)

    assert caught.value.filename == str(folder / "photo.jpg")


@both_local
def test_a_file_that_cannot_be_synced_is_not_committed(
    kind: type[LocalTarget], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(OSError, match=f"{os.strerror(errno.EIO)}.*photo.jpg"):
        write_to_file(kind(folder / "photo.jpg", format=Nop), b"content")

    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows syncs no folders")
@both_local
def test_a_folder_that_cannot_be_synced_is_no_error(
    kind: type[LocalTarget], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)

    write_to_file(kind(folder / "photo.jpg", format=Nop), b"content")

    assert (folder / "photo.jpg").read_bytes() == b"content"


@both_ways
@needs_permissions
def test_a_read_only_folder_is_an_error(write_into: WriteInto, folder: Path) -> None:
    folder.chmod(0o500)

    with pytest.raises(PermissionError):
        write_into(SuffixPreservingLocalTarget(folder / "photo.jpg", format=Nop), b"content")


@both_ways
def test_a_folder_that_cannot_be_created_is_an_error(write_into: WriteInto, folder: Path) -> None:
    (folder / "file").touch()

    with pytest.raises(OSError, match="file"):
        write_into(SuffixPreservingLocalTarget(folder / "file" / "photo.jpg"), b"content")


@pytest.mark.parametrize("obstacle", ["folder", "link to nothing"])
def test_creating_over_something_else_is_an_error(obstacle: str, folder: Path) -> None:
    if obstacle == "folder":
        (folder / "photo.jpg").mkdir()
    else:
        (folder / "photo.jpg").symlink_to(folder / "nothing")

    with pytest.raises(AlreadyExistsError):
        write_to_file(CreateOnlyLocalTarget(folder / "photo.jpg", format=Nop), b"content")


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system has no hard links, like exFAT."""

    def refuse(source: str, destination: str, **folders: int | None) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)


def test_without_hard_links_a_target_is_created(no_links: None, folder: Path) -> None:
    write_to_file(CreateOnlyLocalTarget(folder / "photo.jpg", format=Nop), b"content")

    assert (folder / "photo.jpg").read_bytes() == b"content"


def test_without_hard_links_a_target_is_not_overwritten(no_links: None, folder: Path) -> None:
    (folder / "photo.jpg").write_bytes(b"first")

    with pytest.raises(AlreadyExistsError):
        write_to_file(CreateOnlyLocalTarget(folder / "photo.jpg", format=Nop), b"other")

    assert (folder / "photo.jpg").read_bytes() == b"first"


# A crash.

WRITE_AND_DIE = """
import os, signal, sys
from luigi.format import Nop
from csci_utils.luigi.target import SuffixPreservingLocalTarget
with SuffixPreservingLocalTarget(sys.argv[1], format=Nop).open("w") as file:
    file.write(b"part")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(folder: Path) -> Path:
    """The target of a process that was killed while it was writing."""
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("this system has no SIGKILL")
    path = folder / "photo.jpg"
    command = [sys.executable, "-c", WRITE_AND_DIE, str(path)]
    process = subprocess.run(command, check=False)
    assert process.returncode == -signal.SIGKILL
    return path


def test_a_killed_writer_commits_nothing(killed: Path) -> None:
    assert not SuffixPreservingLocalTarget(killed).exists()


def test_after_a_killed_writer_the_next_one_succeeds(killed: Path) -> None:
    write_to_file(SuffixPreservingLocalTarget(killed, format=Nop), b"content")

    assert killed.read_bytes() == b"content"


@both_ways
def test_leftovers_of_a_killed_writer_are_removed_after_a_day(
    write_into: WriteInto, killed: Path, folder: Path
) -> None:
    (orphan,) = folder.iterdir()
    make_old(orphan)

    write_into(SuffixPreservingLocalTarget(folder / "other.jpg", format=Nop), b"content")

    assert [path.name for path in folder.iterdir()] == ["other.jpg"]


def test_writing_sweeps_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[str] = []
    monkeypatch.setattr(Sweeper, "sweep", lambda self, path: swept.append(path))

    write_to_file(SuffixPreservingLocalTarget(folder / "photo.jpg", format=Nop), b"content")

    assert swept == [str(folder)]


def test_all_files_share_one_sweeper() -> None:
    assert suffix_preserving_atomic_file.sweeper is create_only_atomic_file.sweeper
