"""Where the weights of the network that judges come from."""

from __future__ import annotations

import http.server
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from neural_style import vgg  # noqa: E402  (it needs torch)

Training = Callable[..., Any]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where torchvision keeps what it downloaded; made when it is needed."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def server(
    serving: Callable[..., AbstractContextManager[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The folder of a web server that stands for torchvision's."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(QuietHandler, directory=str(folder))
    with serving(handler) as address:
        monkeypatch.setattr(vgg, "find_source", lambda: f"{address}/vgg16-397923af.pth")
        yield folder


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_every_form_of_the_state_dict_gives_the_same_weights(
    vgg_path: Path, vgg_state: dict[str, Any], tmp_path: Path
) -> None:
    expected = vgg.load_vgg(vgg_path).digest()
    torch.save({**vgg_state, "classifier.0.weight": torch.zeros(3)}, tmp_path / "whole.pth")
    bare = {key.removeprefix("features."): value for key, value in vgg_state.items()}
    torch.save(bare, tmp_path / "features.pth")
    torch.save(vgg_state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for name in ("whole.pth", "features.pth", "old.pth"):
        assert vgg.load_vgg(tmp_path / name).digest() == expected, name


def test_weights_that_are_not_there_are_said(train: Training, tmp_path: Path) -> None:
    outcome = train(vgg_weights=tmp_path / "absent.pth")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: {tmp_path}/absent.pth: there is no such file; check its name and folder\n"
    )


def test_a_picture_as_weights_is_refused(train: Training, style_path: Path) -> None:
    outcome = train(vgg_weights=style_path)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {style_path}: expected a file that PyTorch saved")
    assert "got a PNG picture; name another file" in outcome.err


def test_half_a_file_of_weights_is_refused(train: Training, vgg_path: Path, tmp_path: Path) -> None:
    data = vgg_path.read_bytes()
    (tmp_path / "half.pth").write_bytes(data[: len(data) // 2])
    assert "got other or damaged data" in train(vgg_weights=tmp_path / "half.pth").err


def test_weights_that_unpack_to_more_than_any_vgg16_are_refused(
    train: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neural_style.training import saved

    monkeypatch.setattr(saved, "MAX_BYTES", 100_000)
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(100_001))
    outcome = train(vgg_weights=tmp_path / "bomb.pth")
    assert outcome.code == 1
    assert outcome.err == (
        f"error: {tmp_path}/bomb.pth: expected at most 100,000 bytes when unpacked, got 100,001; "
        "is this the right file?\n"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features.10.weight": None}, "features.10.weight of shape (256, 128, 3, 3), got none"),
        ({"features.0.bias": torch.zeros(3)}, "features.0.bias of shape (64,), got shape (3,)"),
        ({"features.0.bias": "text"}, "features.0.bias of shape (64,), got none"),
        ({"features.0.bias": torch.ones(64).to_sparse()}, "of shape (64,), got none"),
        (
            {"features.2.bias": torch.full((64,), torch.nan)},
            "expected finite weights, got NaN or infinity in features.2.bias",
        ),
    ],
)
def test_the_weights_of_another_network_are_refused(
    changes: dict[str, object],
    message: str,
    train: Training,
    vgg_state: dict[str, Any],
    tmp_path: Path,
) -> None:
    changed = {key: value for key, value in {**vgg_state, **changes}.items() if value is not None}
    torch.save(changed, tmp_path / "other.pth")
    outcome = train(vgg_weights=tmp_path / "other.pth")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {tmp_path}/other.pth: expected")
    assert message in outcome.err


def test_what_is_no_state_dict_is_refused(train: Training, tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pth")
    outcome = train(vgg_weights=tmp_path / "list.pth")
    assert "expected a state dict of torchvision's vgg16, got a list" in outcome.err


def test_a_style_model_as_weights_is_refused(train: Training, checkpoint_path: Path) -> None:
    outcome = train(vgg_weights=checkpoint_path)
    assert "expected a state dict of torchvision's vgg16" in outcome.err


# Without the option


def test_weights_are_downloaded_once(
    train: Training, vgg_path: Path, server: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = vgg_path.read_bytes()
    name = f"vgg16-{sha256(data).hexdigest()[:8]}.pth"
    source = vgg.find_source().replace("vgg16-397923af.pth", name)
    monkeypatch.setattr(vgg, "find_source", lambda: source)
    (server / name).write_bytes(data)
    for _ in range(2):
        assert train(epochs=1, batch_size=5, vgg_weights=None).code == 0
        assert (cache / name).read_bytes() == data
        (server / name).unlink(missing_ok=True)


def test_a_download_of_other_bytes_is_refused_and_not_kept(
    train: Training, server: Path, cache: Path
) -> None:
    (server / "vgg16-397923af.pth").write_bytes(b"something else")
    outcome = train(vgg_weights=None)
    assert outcome.code == 1
    assert "invalid hash value" in outcome.err
    assert list(cache.iterdir()) == []


def test_a_failed_download_says_what_to_do(train: Training, server: Path, cache: Path) -> None:
    outcome = train(vgg_weights=None)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: expected to download http://127.0.0.1:")
    assert "File not found" in outcome.err
    assert outcome.err.endswith(
        "download it on another machine and name the file with --vgg-weights, "
        f"or put it at {cache}/vgg16-397923af.pth\n"
    )


def test_a_machine_without_network_is_told_what_to_do(
    train: Training, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vgg, "find_source", lambda: "http://127.0.0.1:1/vgg16-397923af.pth")
    outcome = train(vgg_weights=None)
    assert outcome.code == 1
    assert "Connection refused; download it on another machine" in outcome.err


def test_the_weights_are_those_of_torchvision() -> None:
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    assert vgg.find_source().endswith("/vgg16-397923af.pth")


def test_without_torchvision_the_remedies_are_named(
    train: Training, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    outcome = train(vgg_weights=None)
    assert outcome.code == 1
    assert "--vgg-weights" in outcome.err
    assert "pip install '.[train]'" in outcome.err
