"""The cache of the weights in PyTorch's checkpoints."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from safetensors.torch import save

from neural_style import StyleError, inspect, load
from neural_style.formats import weight_cache
from neural_style.formats.weight_cache import cache_folder, load_cached, measure_cache
from tests.support.styles import files_in, make_state


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder for one test, which does not exist yet."""
    folder = tmp_path / "deep" / "cache"
    monkeypatch.setenv("NEURAL_STYLE_CACHE", str(folder))
    return folder


def test_a_checkpoint_is_cached_once(own_cache: Path, checkpoint_path: Path) -> None:
    for _ in range(2):
        load(checkpoint_path)

    assert [Path(name).suffix for name in files_in(own_cache)] == [".safetensors"]


def test_the_cache_is_measured(own_cache: Path, checkpoint_path: Path) -> None:
    assert measure_cache() == (0, 0)

    load(checkpoint_path)

    (content,) = files_in(own_cache).values()
    assert measure_cache() == (1, len(content))


def test_a_temporary_file_is_not_counted(own_cache: Path) -> None:
    own_cache.mkdir(parents=True)
    (own_cache / ".left-behind.v2.safetensors").write_bytes(b"a part")

    assert measure_cache() == (0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_only_the_user_can_read_the_cache(own_cache: Path, checkpoint_path: Path) -> None:
    load(checkpoint_path)

    assert own_cache.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_can_write_to_is_not_used(
    own_cache: Path, checkpoint_path: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    load(checkpoint_path)
    before = files_in(own_cache)
    for path in own_cache.iterdir():
        path.unlink()
    planted = own_cache / next(iter(before))
    planted.write_bytes(b"planted")
    own_cache.chmod(mode)
    weight_cache._is_trusted.cache_clear()

    for _ in range(2):
        load(checkpoint_path)

    assert files_in(own_cache) == {planted.name: b"planted"}
    assert [record.getMessage() for record in caplog.records] == [
        f"{own_cache}: not used as the cache of weights: other users can write to it; run chmod "
        "go-w on a folder of your own, or name another with NEURAL_STYLE_CACHE"
    ]


def test_a_safetensors_file_is_not_cached(own_cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(save(make_state()))

    load(path)

    assert not own_cache.exists()


def test_a_file_that_is_not_a_style_is_not_cached(own_cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, path)

    with pytest.raises(StyleError):
        load(path)

    assert not own_cache.exists()


def test_another_checkpoint_does_not_get_the_entry(
    own_cache: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    load(checkpoint_path)
    path = tmp_path / "wider.pth"
    torch.save(make_state(16), path)

    assert inspect(path).base_width == 16


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
        lambda data: b"",
        lambda data: data.replace(b"in1.weight", b"in1.weighs"),
    ],
    ids=["cut off", "flipped bit", "empty", "wrong name"],
)
def test_a_damaged_entry_is_removed_and_written_again(
    damage: Callable[[bytes], bytes], own_cache: Path, checkpoint_path: Path
) -> None:
    load(checkpoint_path)
    before = files_in(own_cache)
    ((name, content),) = before.items()
    (own_cache / name).write_bytes(damage(content))

    assert load_cached(checkpoint_path.read_bytes()) is None
    assert files_in(own_cache) == {}

    load(checkpoint_path)
    assert files_in(own_cache) == before


# A cache that cannot be used


def test_a_cache_that_cannot_be_written_is_no_error(
    own_cache: Path, checkpoint_path: Path, bound_by_permissions: None
) -> None:
    own_cache.mkdir(parents=True)
    own_cache.chmod(0o500)

    assert load(checkpoint_path).base_width == 8

    assert files_in(own_cache) == {}


def test_a_full_disk_is_no_error_and_leaves_no_file(
    own_cache: Path, checkpoint_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_a_part(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write_a_part)
        assert load(checkpoint_path).base_width == 8

    assert files_in(own_cache) == {}


def test_a_file_in_place_of_the_cache_is_no_error(own_cache: Path, checkpoint_path: Path) -> None:
    own_cache.parent.mkdir()
    own_cache.write_bytes(b"")

    assert load(checkpoint_path).base_width == 8


def test_a_folder_in_place_of_an_entry_is_no_error(own_cache: Path, checkpoint_path: Path) -> None:
    load(checkpoint_path)
    (name,) = files_in(own_cache)
    (own_cache / name).unlink()
    (own_cache / name).mkdir()

    assert load(checkpoint_path).base_width == 8


# Its place


def test_a_variable_names_the_folder(own_cache: Path) -> None:
    assert cache_folder() == own_cache


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has this convention")
@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        pytest.param("/somewhere", "/somewhere/neural_style", id="absolute"),
        pytest.param("here", "~/.cache/neural_style", id="relative"),
        pytest.param("", "~/.cache/neural_style", id="empty"),
    ],
)
def test_the_folder_is_where_linux_keeps_caches(
    variable: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEURAL_STYLE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", variable)

    assert cache_folder() == Path(os.path.expanduser(expected))
