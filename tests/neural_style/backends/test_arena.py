"""The memory that paintings work in: its limit, and the file in its place."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from pathlib import Path
from unittest.mock import Mock

import pytest

import neural_style
from neural_style import DeviceError, load
from neural_style.backends.arena import Arena
from neural_style.system.resources import anonymous_memory, lies_in_memory
from tests.support.command_line import run_program
from tests.support.networks.styles import assert_same_pixels, make_picture

pytest.importorskip(
    "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
)

MIB = 2**20

SIDE = 1000
"""In px: a painting of the official width then takes about 61 MiB."""

LIMIT = 56 * MIB
"""Less than that, and more than everything else takes, the loaded style included."""

needs_linux = pytest.mark.skipif(
    anonymous_memory() is None, reason="this system does not tell a process's anonymous memory"
)

KEEP_LIMIT = """
import sys
from neural_style import load, load_picture, save_picture
from neural_style.system.resources import anonymous_memory

model_path, picture_path, output_path, size = sys.argv[1:]
picture, taken, notes = load_picture(picture_path), [], []
load(model_path)
limit = anonymous_memory() + int(size)
style = load(model_path, threads=1, memory=limit, notify=notes.append)
painted = style(picture, lambda done, total: taken.append(anonymous_memory()))
save_picture(painted, output_path)
print(len(taken) > 1, max(taken) <= limit, len(notes))
"""


@pytest.fixture
def taken_memory(monkeypatch: pytest.MonkeyPatch) -> int:
    """The bytes that this process seems to have."""
    taken = 10
    monkeypatch.setattr("neural_style.system.resources.anonymous_memory", lambda: taken)
    return taken


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No space on the disk for temporary files."""
    refuse = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr("neural_style.backends.arena._reserve", refuse)


# The limit


@needs_linux
def test_the_limit_is_kept_and_changes_no_bit(
    wide_path: Path, temporary_folder: Path, tmp_path: Path
) -> None:
    picture = make_picture(SIDE, SIDE)
    picture.save(tmp_path / "picture.png")
    paths = (wide_path, tmp_path / "picture.png", tmp_path / "painted.png")

    result = run_program(KEEP_LIMIT, *paths, LIMIT, TMPDIR=str(temporary_folder))

    assert (result.stdout, result.stderr) == ("True True 1\n", "")
    assert_same_pixels(
        neural_style.load_picture(tmp_path / "painted.png"), load(wide_path)(picture)
    )


@needs_linux
def test_a_limit_that_no_file_can_keep_is_an_error(
    checkpoint_path: Path,
) -> None:
    style = load(checkpoint_path, memory=1)

    with pytest.raises(DeviceError, match=r"expected a limit of at least .*\(--memory\)"):
        style(make_picture())


@pytest.mark.parametrize(("besides", "is_in_file"), [(30, False), (60, True)])
def test_what_the_borrower_takes_besides_counts(
    besides: int, is_in_file: bool, taken_memory: int, temporary_folder: Path
) -> None:
    notes: list[str] = []

    with Arena(90 + taken_memory, notes.append).lend(50, besides) as memory:
        assert memory.size >= 50

    assert (notes != []) is is_in_file


def test_what_the_borrower_takes_besides_has_to_fit(taken_memory: int) -> None:
    with (
        pytest.raises(DeviceError, match=r"at least 101 bytes .* 10 bytes are taken"),
        Arena(90 + taken_memory, print).lend(1, 91),
    ):
        pass


def test_what_another_painting_has_not_touched_yet_counts(
    taken_memory: int, temporary_folder: Path
) -> None:
    notes: list[str] = []
    first, second = (Arena(90 + taken_memory, notes.append) for _ in range(2))

    with first.lend(40, 10), second.lend(40, 10):
        assert len(notes) == 1
    with second.lend(40, 10):
        assert len(notes) == 1


# A file in place of memory


def test_a_file_takes_the_place_of_memory_and_leaves_nothing_behind(
    checkpoint_path: Path,
    temporary_folder: Path,
    short_memory: None,
) -> None:
    notes: list[str] = []
    files: list[list[Path]] = []
    style = load(checkpoint_path, notify=notes.append)

    for _ in range(2):
        style(make_picture(), lambda *_: files.append(list(temporary_folder.iterdir())))

    assert [str(temporary_folder) in note for note in notes] == [True]  # once, for both
    if sys.platform != "win32":  # where files cannot be removed while they are open
        assert files and not any(files)
    assert list(temporary_folder.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system fills files instead")
def test_a_full_disk_is_an_error_with_a_remedy(
    checkpoint_path: Path,
    temporary_folder: Path,
    short_memory: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(os, "posix_fallocate", refuse)

    with pytest.raises(DeviceError, match=r"No space left on device\).*TMPDIR"):
        load(checkpoint_path)(make_picture())

    assert list(temporary_folder.iterdir()) == []


def test_a_file_is_filled_where_space_cannot_be_reserved(
    checkpoint_path: Path,
    short_memory: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = load(checkpoint_path)(make_picture())
    monkeypatch.delattr(os, "posix_fallocate", raising=False)

    assert load(checkpoint_path)(make_picture()) == expected


def test_a_temporary_folder_in_memory_is_of_no_help(
    checkpoint_path: Path,
    short_memory: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not lies_in_memory("/dev/shm"):
        pytest.skip("this machine has no file system in memory at /dev/shm")
    monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")

    with pytest.raises(DeviceError, match=r"/dev/shm.* lies in memory, too; .*TMPDIR"):
        load(checkpoint_path)(make_picture())


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_limit_that_no_temporary_file_can_keep_has_a_remedy(
    in_memory: bool, taken_memory: int, full_disk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neural_style.backends.arena.lies_in_memory", lambda folder: in_memory)

    with (
        pytest.raises(
            DeviceError, match=r"the memory limit of 100 bytes, .*; allow more \(--memory\), "
        ),
        Arena(100, print).lend(1000, 0),
    ):
        pass


def test_a_small_machine_is_not_blamed_on_the_limit(
    short_memory: None, taken_memory: int, full_disk: None
) -> None:
    with pytest.raises(DeviceError) as caught, Arena(100, print).lend(1000, 0):
        pass

    assert "memory is short of 1.0 kB" in str(caught.value)
    assert "--memory" not in str(caught.value)


# Memory between two paintings


@needs_linux
def test_memory_is_kept_for_the_next_picture_until_it_is_released(
    wide_path: Path,
) -> None:
    style = load(wide_path, threads=1)
    style(make_picture(SIDE // 2, SIDE // 2))
    kept = anonymous_memory() or 0

    style.release()

    assert kept - (anonymous_memory() or 0) > LIMIT // 4


def test_a_style_paints_after_its_memory_was_released(
    checkpoint_path: Path,
) -> None:
    style = load(checkpoint_path)
    before = style(make_picture())

    style.release()

    assert style(make_picture()) == before


def test_pictures_of_several_sizes_do_not_disturb_each_other(
    checkpoint_path: Path,
) -> None:
    style = load(checkpoint_path)
    small, large = make_picture(9, 9), make_picture(90, 70)
    first = style(large)

    style(small)

    assert style(large) == first
