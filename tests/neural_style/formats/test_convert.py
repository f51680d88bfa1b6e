"""Conversion of checkpoints from one format to another, and saving of networks."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

import torch

from neural_style import MissingDependencyError, StyleError, load
from neural_style.formats.checkpoint import load_network, read_checkpoint
from neural_style.formats.safetensors_file import encode_network
from neural_style.formats.saving import convert, save_network
from neural_style.neural_style import main
from tests.support.files.onnx_graphs import scale_channels
from tests.support.networks.family import THIN, make_family_network
from tests.support.networks.styles import State, files_in, make_state

CHECKPOINTS = [".pth", ".pt", ".safetensors"]

Bits = dict[str, tuple[torch.dtype, torch.Size, bytes]]
"""The type, the shape and the bytes of each tensor."""


def read_state(path: Path) -> State:
    """Return the state dict in a checkpoint, in the file's precision."""
    return dict(read_checkpoint(path).state)


def bits_of(state: State) -> Bits:
    """Return everything that must not change in a conversion."""
    return {
        key: (value.dtype, value.shape, value.contiguous().view(torch.uint8).numpy().tobytes())
        for key, value in state.items()
    }


def convert_by_command(model_path: Path, output_path: Path) -> int:
    """Convert with the command line in this process and return its exit code."""
    return main(["convert", f"--model={model_path}", f"--output-model={output_path}"])


# From one format to another


def test_the_command_says_what_it_wrote(
    checkpoint_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output_path = tmp_path / "small.safetensors"

    assert convert_by_command(checkpoint_path, output_path) == 0

    assert capfd.readouterr() == (f"wrote {output_path}\n", "")


@pytest.mark.parametrize("suffix", CHECKPOINTS)
@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64], ids=str
)
def test_weights_keep_every_bit_there_and_back(
    dtype: torch.dtype, suffix: str, tmp_path: Path
) -> None:
    state = {key: value.to(dtype) for key, value in make_state().items()}
    torch.save(state, tmp_path / "first.pth")

    assert convert_by_command(tmp_path / "first.pth", tmp_path / f"there{suffix}") == 0
    assert convert_by_command(tmp_path / f"there{suffix}", tmp_path / "back.pth") == 0

    assert bits_of(torch.load(tmp_path / "back.pth")) == bits_of(state)


@pytest.mark.parametrize("suffix", CHECKPOINTS)
def test_an_official_model_keeps_every_bit(suffix: str, weights_dir: Path, tmp_path: Path) -> None:
    before = bits_of(read_state(weights_dir / "candy.pth"))

    convert(weights_dir / "candy.pth", tmp_path / f"candy{suffix}")

    assert bits_of(read_state(tmp_path / f"candy{suffix}")) == before


@pytest.mark.parametrize("suffix", CHECKPOINTS)
def test_equal_weights_give_equal_bytes(suffix: str, checkpoint_path: Path, tmp_path: Path) -> None:
    network = load_network(checkpoint_path)

    save_network(network, tmp_path / f"saved{suffix}")
    convert(checkpoint_path, tmp_path / f"there{suffix}")
    convert(tmp_path / f"there{suffix}", tmp_path / f"again{suffix}")

    assert len(set(files_in(tmp_path).values())) == 1


def test_old_running_statistics_are_dropped(tmp_path: Path) -> None:
    state = make_state()
    torch.save(state | {"in1.running_mean": torch.zeros(8)}, tmp_path / "old.pth")

    convert(tmp_path / "old.pth", tmp_path / "new.pth")

    assert torch.load(tmp_path / "new.pth").keys() == state.keys()


def test_a_file_that_the_reference_trained_is_accepted(tmp_path: Path) -> None:
    torch.save(make_state(), tmp_path / "epoch_2.model")

    convert(tmp_path / "epoch_2.model", tmp_path / "mine.pth")

    assert load(tmp_path / "mine.pth").base_width == 8


@pytest.mark.parametrize("suffix", CHECKPOINTS)
def test_a_file_can_be_converted_in_place(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    torch.save(make_state(), tmp_path / "first.pth")
    convert(tmp_path / "first.pth", path)
    before = path.read_bytes()

    assert convert_by_command(path, path) == 0

    assert path.read_bytes() == before


# The files


def test_a_checkpoint_is_a_plain_dictionary_in_a_zip_archive(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "saved.pth"

    save_network(load_network(checkpoint_path), path)

    assert type(torch.load(path)) is dict
    assert zipfile.is_zipfile(path)


def test_a_view_is_written_without_the_rest_of_its_storage(tmp_path: Path) -> None:
    state = make_state()
    state["conv1.conv2d.bias"] = torch.zeros(1_000_000)[:8]
    torch.save(state, tmp_path / "large.pth")

    convert(tmp_path / "large.pth", tmp_path / "small.pth")

    assert (tmp_path / "small.pth").stat().st_size < 1_000_000


@pytest.mark.parametrize("suffix", CHECKPOINTS)
def test_the_memory_layout_of_weights_does_not_matter(
    suffix: str, checkpoint_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"saved{suffix}"
    network = load_network(checkpoint_path)
    network.to(memory_format=torch.channels_last)

    save_network(network, path)

    assert bits_of(read_state(path)) == bits_of(read_state(checkpoint_path))


def test_tensors_that_share_memory_are_saved_apart(tmp_path: Path) -> None:
    state = make_state()
    state["in1.bias"] = state["in1.weight"]
    torch.save(state, tmp_path / "shared.pth")

    convert(tmp_path / "shared.pth", tmp_path / "apart.safetensors")

    assert bits_of(read_state(tmp_path / "apart.safetensors")) == bits_of(state)


def test_a_network_in_training_mode_stays_in_it(checkpoint_path: Path, tmp_path: Path) -> None:
    network = load_network(checkpoint_path).train()

    save_network(network, tmp_path / "saved.pth")

    assert network.training


# Conversions that fail


@pytest.mark.parametrize(
    ("model", "output", "message"),
    [
        ("small.pth", "out.bin", "out.bin: expected a name ending in .onnx, .pt, .pth, .safe"),
        ("small.pth", "out", "got the suffix ''; use the suffix of the format to write"),
        ("small.pth", "absent/out.pth", "absent to exist; create it first"),
        ("small.pth", "folder.pth", "folder.pth: expected a file to write, got a folder"),
        ("graph.onnx", "out.pth", "graph.onnx: expected a style network, got an ONNX graph that "),
        ("damaged.onnx", "out.pth", "damaged.onnx: expected an ONNX style model, got other or dam"),
        (
            "thin.safetensors",
            "out.pth",
            "expected a network that a .pth file can describe",
        ),
        ("absent.pth", "out.pth", "absent.pth: there is no such file"),
        ("picture.pth", "out.pth", "picture.pth: expected a style model, got a PNG picture"),
        ("other.pth", "out.pth", "other.pth: expected the state dict of a TransformerNet"),
        ("wide.pth", "out.pth", "wide.pth: expected"),
        ("broken.pth", "out.safetensors", "broken.pth: expected finite weights"),
    ],
)
def test_a_failed_conversion_is_one_line_and_leaves_no_file(
    model: str,
    output: str,
    message: str,
    picture_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = make_state(1)
    torch.save(state, tmp_path / "small.pth")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    wide = torch.zeros(1).expand(2**42)  # one number in memory; a copy would take 16 TiB
    torch.save(state | {"in5.bias": wide}, tmp_path / "wide.pth")
    torch.save(state | {"in5.bias": torch.full((1,), torch.nan)}, tmp_path / "broken.pth")
    (tmp_path / "damaged.onnx").write_bytes(b"\x08\x0a")
    (tmp_path / "graph.onnx").write_bytes(scale_channels([1, 1, 1]))
    (tmp_path / "thin.safetensors").write_bytes(encode_network(make_family_network(THIN)))
    (tmp_path / "folder.pth").mkdir()
    picture_path.rename(tmp_path / "picture.pth")
    before = files_in(tmp_path)

    assert convert_by_command(tmp_path / model, tmp_path / output) == 1

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert files_in(tmp_path) == before


def test_a_network_with_nan_is_not_saved(checkpoint_path: Path, tmp_path: Path) -> None:
    network = load_network(checkpoint_path)
    network.state_dict()["in1.weight"].fill_(torch.nan)

    with pytest.raises(StyleError, match=r"saved\.pth: expected finite weights"):
        save_network(network, tmp_path / "saved.pth")

    assert files_in(tmp_path) == {}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_only_the_previous_file(
    error: BaseException, checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_a_part(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:100])
        raise error

    path = tmp_path / "model.safetensors"
    path.write_bytes(b"previous")
    monkeypatch.setattr(Path, "write_bytes", write_a_part)

    with pytest.raises((StyleError, KeyboardInterrupt)):
        convert(checkpoint_path, path)

    assert files_in(tmp_path) == {"model.safetensors": b"previous"}


@pytest.mark.usefixtures("bound_by_permissions")
def test_an_error_names_a_folder_without_permission(checkpoint_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o500)

    with pytest.raises(StyleError, match=r"out\.pth: cannot be written"):
        convert(checkpoint_path, folder / "out.pth")


def test_an_error_names_a_missing_package(
    checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)

    with pytest.raises(MissingDependencyError, match="expected safetensors to be installed"):
        convert(checkpoint_path, tmp_path / "out.safetensors")
