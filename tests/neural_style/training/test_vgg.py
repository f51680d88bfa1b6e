"""The loss network: its outputs, and where its weights come from."""

from __future__ import annotations

import http.server
import sys
import zipfile
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from neural_style import vgg
from neural_style.errors import TrainingError
from neural_style.training import saved
from neural_style.vgg import Vgg16, find_weights_url
from tests.support.networks import formulas
from tests.support.networks.styles import State
from tests.support.networks.training import Blocks, Outcome, Train, make_vgg_state
from tests.support.servers import QuietHandler, serve

NAME = "vgg16-397923af.pth"
"""The name of torchvision's weights."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to which torchvision's weights are downloaded; it does not exist yet."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def server(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The folder of a web server in place of torchvision's."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serve(partial(FolderHandler, directory=str(folder))) as address:
        monkeypatch.setattr(vgg, "find_weights_url", lambda: f"{address}/{NAME}")
        yield folder


class FolderHandler(QuietHandler, http.server.SimpleHTTPRequestHandler):
    """Serves the files of a folder."""


# The network


def test_outputs_are_those_of_the_formulas(vgg_path: Path, vgg_state: State) -> None:
    batch = torch.randn(2, 3, 17, 24, generator=torch.Generator().manual_seed(1))

    outputs = Vgg16(weights_path=vgg_path)(batch)

    assert outputs._fields == ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
    for output, expected in zip(outputs, formulas.vgg_outputs(batch, vgg_state), strict=True):
        torch.testing.assert_close(output, expected)


def test_the_network_has_as_many_channels_as_vgg16(
    whole_loss_network: Blocks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(make_vgg_state(part=1), tmp_path / "whole.pth")
    monkeypatch.setattr(vgg, "_BLOCKS", whole_loss_network)

    network = Vgg16(weights_path=tmp_path / "whole.pth")

    assert sum(weights.numel() for weights in network.parameters()) == 7_635_264


def test_relu2_2_can_be_computed_alone(vgg_path: Path) -> None:
    network = Vgg16(weights_path=vgg_path)
    batch = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))

    assert torch.equal(network.compute_relu2_2(batch), network(batch).relu2_2)


def test_the_input_is_not_changed(vgg_path: Path) -> None:
    batch = torch.full((1, 3, 8, 8), -1.0)

    Vgg16(weights_path=vgg_path)(batch)

    assert (batch == -1).all()


@pytest.mark.parametrize("requires_grad", [False, True])
def test_weights_are_trained_on_request_only(requires_grad: bool, vgg_path: Path) -> None:
    network = Vgg16(requires_grad, weights_path=vgg_path)

    assert {p.requires_grad for p in network.parameters()} == {requires_grad}


def test_parameters_have_the_names_of_the_reference(vgg_path: Path) -> None:
    names = {name.removesuffix(".weight") for name in Vgg16(weights_path=vgg_path).state_dict()}

    assert {name for name in names if not name.endswith(".bias")} == {
        *("slice1.0", "slice1.2", "slice2.5", "slice2.7", "slice3.10", "slice3.12", "slice3.14"),
        *("slice4.17", "slice4.19", "slice4.21"),
    }


# Files of weights


def test_every_form_of_the_state_dict_gives_the_same_weights(
    vgg_path: Path, vgg_state: State, tmp_path: Path
) -> None:
    whole = {**vgg_state, "classifier.0.weight": torch.zeros(3)}
    features = {key.removeprefix("features."): value for key, value in vgg_state.items()}
    torch.save(whole, tmp_path / "whole.pth")
    torch.save(features, tmp_path / "features.pth")
    torch.save(vgg_state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)

    names = ("whole.pth", "features.pth", "old.pth")
    digests = {Vgg16(weights_path=tmp_path / name).digest() for name in names}

    assert digests == {Vgg16(weights_path=vgg_path).digest()}


def test_missing_weights_are_an_error(train: Train, tmp_path: Path) -> None:
    outcome = train(vgg_weights=tmp_path / "absent.pth")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: {tmp_path}/absent.pth: there is no such file; check its name and folder\n"
    )


def test_a_picture_as_weights_is_refused(train: Train, style_path: Path) -> None:
    outcome = train(vgg_weights=style_path)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {style_path}: expected a file that PyTorch saved")
    assert outcome.err.endswith("got a PNG picture; name another file\n")


def test_half_a_file_of_weights_is_refused(train: Train, vgg_path: Path, tmp_path: Path) -> None:
    data = vgg_path.read_bytes()
    (tmp_path / "half.pth").write_bytes(data[: len(data) // 2])

    outcome = train(vgg_weights=tmp_path / "half.pth")

    assert outcome.code == 1
    assert outcome.err.startswith(f"error: {tmp_path}/half.pth: expected")
    assert "got other or damaged data" in outcome.err
    assert "; copy it again" in outcome.err


def test_weights_that_unpack_to_more_than_vgg16_are_refused(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "MAX_SAVED_BYTES", 100_000)
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(100_001))

    outcome = train(vgg_weights=tmp_path / "bomb.pth")

    assert outcome.code == 1
    assert outcome.err == (
        f"error: {tmp_path}/bomb.pth: expected at most 100,000 bytes when unpacked, got 100,001; "
        "is this the right file?\n"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"features.10.weight": None}, "features.10.weight of shape (32, 16, 3, 3), got none"),
        (
            {"features.0.bias": torch.zeros(3)},
            "features.0.bias of shape (8,), got a tensor of shape (3,)",
        ),
        ({"features.0.bias": "text"}, "features.0.bias of shape (8,), got none"),
        (
            {"features.0.bias": torch.ones(8).to_sparse()},
            "torch._utils._rebuild_sparse_tensor, which was not imported",
        ),
        (
            {"features.2.bias": torch.full((8,), torch.nan)},
            "features.2.bias contains NaN or infinity",
        ),
    ],
    ids=["missing", "other shape", "text", "sparse", "NaN"],
)
def test_the_weights_of_another_network_are_refused(
    changes: dict[str, object], reason: str, vgg_state: State, tmp_path: Path
) -> None:
    path = tmp_path / "other.pth"
    content = {**vgg_state, **changes}
    torch.save({key: value for key, value in content.items() if value is not None}, path)

    with pytest.raises(TrainingError) as caught:
        Vgg16(weights_path=path)

    assert caught.value.path == str(path)
    assert caught.value.reason.endswith(reason)
    assert caught.value.remedy


def test_weights_that_are_not_a_state_dict_are_refused(train: Train, tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pth")

    outcome = train(vgg_weights=tmp_path / "list.pth")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: {tmp_path}/list.pth: expected a state dict of torchvision's vgg16, got a list; "
        "save the network's state_dict()\n"
    )


def test_a_style_model_as_weights_is_refused(train: Train, trained: Outcome) -> None:
    outcome = train(vgg_weights=trained.folder / "style.pth")

    assert "expected a state dict of torchvision's vgg16" in outcome.err


# Without a file


def test_weights_are_downloaded_once(
    train: Train, vgg_path: Path, server: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = vgg_path.read_bytes()
    name = f"vgg16-{sha256(data).hexdigest()[:8]}.pth"
    url = vgg.find_weights_url().replace(NAME, name)
    monkeypatch.setattr(vgg, "find_weights_url", lambda: url)
    (server / name).write_bytes(data)

    first = train(epochs=1, batch_size=5, vgg_weights=None)
    (server / name).unlink()
    second = train(epochs=1, batch_size=5, vgg_weights=None)

    assert (first.code, second.code) == (0, 0)
    assert (cache / name).read_bytes() == data


def test_a_download_of_other_bytes_is_refused_and_not_kept(
    train: Train, server: Path, cache: Path
) -> None:
    (server / NAME).write_bytes(b"something else")

    outcome = train(vgg_weights=None)

    assert outcome.code == 1
    assert "invalid hash value" in outcome.err
    assert list(cache.iterdir()) == []


def test_a_failed_download_says_what_to_do(train: Train, server: Path, cache: Path) -> None:
    outcome = train(vgg_weights=None)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {vgg.find_weights_url()}: cannot be downloaded: ")
    assert "File not found" in outcome.err
    assert "Errno" not in outcome.err
    assert outcome.err.endswith(
        "; download it on another machine and name the file with --vgg-weights, "
        f"or put it at {cache}/{NAME}\n"
    )


@pytest.mark.usefixtures("cache")
def test_a_machine_without_network_is_told_what_to_do(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vgg, "find_weights_url", lambda: f"http://127.0.0.1:1/{NAME}")

    outcome = train(vgg_weights=None)

    assert outcome.code == 1
    assert "Connection refused; download it on another machine" in outcome.err


def test_the_default_weights_are_those_of_torchvision() -> None:
    pytest.importorskip("torchvision", reason="torchvision is not installed")

    assert find_weights_url().endswith(f"/{NAME}")


@pytest.mark.usefixtures("cache")
def test_without_torchvision_the_remedies_are_named(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.models", None)

    outcome = train(vgg_weights=None)

    assert outcome.code == 1
    assert "--vgg-weights" in outcome.err
    assert "pip install '.[train]'" in outcome.err
