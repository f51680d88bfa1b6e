"""Weights without PyTorch: what they are called, how they are stored, and where they are kept."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_style import StyleError, inspect, load
from neural_style.backends.loading import load_weights
from neural_style.formats.weight_cache import cache_folder, load_cached
from neural_style.formats.weights import parameter_shapes

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from neural_style.formats.checkpoint import load_network  # noqa: E402  (it needs torch)
from neural_style.transformer_net import TransformerNet  # noqa: E402

MakeState = Callable[..., dict[str, Any]]
MakePicture = Callable[..., Any]


@pytest.mark.parametrize("base_width", [1, 8, 32])
def test_names_and_shapes_are_those_of_the_network(base_width: int) -> None:
    state = TransformerNet(base_width).state_dict()
    assert parameter_shapes(base_width) == {k: tuple(v.shape) for k, v in state.items()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_of_every_type_are_those_that_pytorch_reads(
    suffix: str, dtype: Any, make_state: MakeState, tmp_path: Path
) -> None:
    state = {key: value.to(dtype) for key, value in make_state().items()}
    path = tmp_path / f"model{suffix}"
    if suffix == ".pth":
        torch.save(state, path)
    else:
        path.write_bytes(safetensors.save(state))
    expected = load_network(path).state_dict()
    for _ in range(2):  # the second time from the cache
        weights = load_weights(path)
        assert {value.dtype for value in weights.values()} == {np.dtype(np.float32)}
        assert all((expected[k].numpy() == value).all() for k, value in weights.items())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_weights_are_the_same_however_they_lie_in_memory(
    layout: Any, make_state: MakeState, make_picture: MakePicture, tmp_path: Path
) -> None:
    plain, state = make_state(), {}
    for key, value in plain.items():
        state[key] = value.contiguous(memory_format=layout) if value.ndim == 4 else value
    torch.save(state, tmp_path / "model.pth")
    (tmp_path / "plain.safetensors").write_bytes(safetensors.save(plain))
    expected = load(tmp_path / "plain.safetensors")(make_picture())
    for _ in range(2):  # the second time from the cache
        assert load(tmp_path / "model.pth")(make_picture()) == expected


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_beyond_fp32_are_refused(
    suffix: str, make_state: MakeState, tmp_path: Path
) -> None:
    state = {key: value.double() for key, value in make_state().items()}
    state["in1.weight"][3] = 1e300
    path = tmp_path / f"model{suffix}"
    torch.save(state, path) if suffix == ".pth" else path.write_bytes(safetensors.save(state))
    with pytest.raises(StyleError, match=r"NaN or infinity in in1\.weight"):
        load(path)


# The cache


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that nothing is in yet; it is made when it is needed."""
    folder = tmp_path / "deep" / "cache"
    monkeypatch.setenv("NEURAL_STYLE_CACHE", str(folder))
    return folder


def entries(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_checkpoint_is_kept_once(own_cache: Path, checkpoint_path: Path) -> None:
    for _ in range(2):
        load(checkpoint_path)
    assert [Path(name).suffix for name in entries(own_cache)] == [".safetensors"]


def test_the_cache_is_this_users_alone(own_cache: Path, checkpoint_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no permission bits")
    load(checkpoint_path)
    assert own_cache.stat().st_mode & 0o077 == 0


def test_a_safetensors_file_is_not_kept(
    own_cache: Path, make_state: MakeState, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors.save(make_state()))
    load(path)
    assert not own_cache.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
        lambda data: b"",
        lambda data: data.replace(b"in1.weight", b"in1.weighs"),
    ],
    ids=["cut", "bit", "empty", "name"],
)
def test_a_damaged_entry_is_made_anew(
    damage: Callable[[bytes], bytes], own_cache: Path, checkpoint_path: Path
) -> None:
    load(checkpoint_path)
    before = entries(own_cache)
    (name,) = before
    (own_cache / name).write_bytes(damage(before[name]))
    assert load_cached(checkpoint_path.read_bytes()) is None
    assert entries(own_cache) == {}
    load(checkpoint_path)
    assert entries(own_cache) == before


def test_an_entry_is_not_taken_for_another_file(
    own_cache: Path, checkpoint_path: Path, make_state: MakeState, tmp_path: Path
) -> None:
    load(checkpoint_path)
    path = tmp_path / "wider.pth"
    torch.save(make_state(16), path)
    assert inspect(path).base_width == 16


def test_what_is_no_style_is_not_kept(own_cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(StyleError):
        load(path)
    assert not own_cache.exists()


def test_a_cache_that_cannot_be_written_is_no_error(
    own_cache: Path, checkpoint_path: Path, bound_by_permissions: None
) -> None:
    own_cache.mkdir(parents=True)
    own_cache.chmod(0o500)
    assert load(checkpoint_path).base_width == 8
    assert entries(own_cache) == {}


def test_a_full_disk_is_no_error_and_nothing_is_left(
    own_cache: Path, checkpoint_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(self: Path, data: bytes) -> None:
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fill_up)
        assert load(checkpoint_path).base_width == 8
    assert entries(own_cache) == {}


def test_a_file_in_place_of_the_cache_is_no_error(own_cache: Path, checkpoint_path: Path) -> None:
    own_cache.parent.mkdir()
    own_cache.write_bytes(b"")
    assert load(checkpoint_path).base_width == 8


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the platform has other rules")
@pytest.mark.parametrize(
    ("variable", "expected"),
    [("/somewhere", "/somewhere/neural_style"), ("here", "~/.cache/neural_style"), ("", None)],
)
def test_the_cache_is_where_the_platform_has_them(
    variable: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEURAL_STYLE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", variable)
    assert cache_folder() == Path(os.path.expanduser(expected or "~/.cache/neural_style"))
