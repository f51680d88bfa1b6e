from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neural_style import MissingDependencyError, StyleError, load
from neural_style.neural_style import main

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from neural_style.formats.checkpoint import load_network, read_weights  # noqa: E402  (it needs torch)
from neural_style.formats.saving import convert, save_network  # noqa: E402

State = dict[str, Any]
MakeState = Callable[..., State]
CommandLine = Callable[..., "subprocess.CompletedProcess[str]"]

CHECKPOINTS = [".pth", ".pt", ".safetensors"]


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def convert_by_command(model_path: Path, output_path: Path) -> int:
    return main(["convert", f"--model={model_path}", f"--output-model={output_path}"])


def bits_of(state: State) -> dict[str, tuple[Any, Any, bytes]]:
    """Type, shape and bytes of each tensor."""
    return {
        key: (value.dtype, value.shape, value.contiguous().view(torch.uint8).numpy().tobytes())
        for key, value in state.items()
    }


# From one format to the other


def test_the_command_says_what_it_wrote(
    run: CommandLine, checkpoint_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "small.safetensors"
    result = run("convert", "--model", checkpoint_path, "--output-model", output_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"wrote {output_path}\n", "")


@pytest.mark.parametrize("there", CHECKPOINTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_there_and_back_every_bit_is_the_same(
    dtype: Any, there: str, make_state: MakeState, tmp_path: Path
) -> None:
    state = {key: value.to(dtype) for key, value in make_state().items()}
    torch.save(state, tmp_path / "first.pth")
    assert convert_by_command(tmp_path / "first.pth", tmp_path / f"there{there}") == 0
    assert convert_by_command(tmp_path / f"there{there}", tmp_path / "back.pth") == 0
    assert bits_of(torch.load(tmp_path / "back.pth")) == bits_of(state)


@pytest.mark.parametrize("suffix", CHECKPOINTS)
def test_an_official_model_keeps_every_bit(suffix: str, weights_dir: Path, tmp_path: Path) -> None:
    convert(weights_dir / "candy.pth", tmp_path / f"candy{suffix}")
    before = bits_of(read_weights(weights_dir / "candy.pth"))
    assert bits_of(read_weights(tmp_path / f"candy{suffix}")) == before


@pytest.mark.parametrize("suffix", CHECKPOINTS)
def test_the_same_weights_give_the_same_bytes(
    suffix: str, checkpoint_path: Path, tmp_path: Path
) -> None:
    network = load_network(checkpoint_path)
    save_network(network, tmp_path / f"saved{suffix}")
    convert(checkpoint_path, tmp_path / f"there{suffix}")
    convert(tmp_path / f"there{suffix}", tmp_path / f"again{suffix}")
    assert len(set(content_of(tmp_path).values())) == 1


def test_old_running_statistics_are_left_out(make_state: MakeState, tmp_path: Path) -> None:
    state = make_state()
    torch.save(state | {"in1.running_mean": torch.zeros(8)}, tmp_path / "old.pth")
    convert(tmp_path / "old.pth", tmp_path / "new.pth")
    assert torch.load(tmp_path / "new.pth").keys() == state.keys()


def test_a_file_of_the_references_training_is_taken(make_state: MakeState, tmp_path: Path) -> None:
    torch.save(make_state(), tmp_path / "epoch_2.model")
    convert(tmp_path / "epoch_2.model", tmp_path / "mine.pth")
    assert load(tmp_path / "mine.pth").base_width == 8


@pytest.mark.parametrize("suffix", CHECKPOINTS)
def test_a_file_may_be_converted_in_its_place(
    suffix: str, make_state: MakeState, tmp_path: Path
) -> None:
    path = tmp_path / f"model{suffix}"
    torch.save(make_state(), tmp_path / "first.pth")
    convert(tmp_path / "first.pth", path)
    before = path.read_bytes()
    assert convert_by_command(path, path) == 0
    assert path.read_bytes() == before


# What is written


def test_a_checkpoint_is_a_plain_dictionary_in_a_zip_archive(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "saved.pth"
    save_network(load_network(checkpoint_path), path)
    assert (type(torch.load(path)), zipfile.is_zipfile(path)) == (dict, True)


def test_views_are_written_without_what_they_are_views_of(
    make_state: MakeState, tmp_path: Path
) -> None:
    state = make_state()
    state["conv1.conv2d.bias"] = torch.zeros(1_000_000)[:8]
    torch.save(state, tmp_path / "large.pth")
    convert(tmp_path / "large.pth", tmp_path / "small.pth")
    assert (tmp_path / "small.pth").stat().st_size < 1_000_000


@pytest.mark.parametrize("suffix", CHECKPOINTS)
def test_weights_in_another_memory_format_are_saved_as_they_are(
    suffix: str, checkpoint_path: Path, tmp_path: Path
) -> None:
    network = load_network(checkpoint_path)
    path = tmp_path / f"saved{suffix}"
    save_network(network.to(memory_format=torch.channels_last), path)
    assert bits_of(read_weights(path)) == bits_of(read_weights(checkpoint_path))


def test_tensors_that_share_memory_are_saved_apart(make_state: MakeState, tmp_path: Path) -> None:
    state = make_state()
    state["in1.bias"] = state["in1.weight"]
    torch.save(state, tmp_path / "shared.pth")
    convert(tmp_path / "shared.pth", tmp_path / "apart.safetensors")
    assert bits_of(read_weights(tmp_path / "apart.safetensors")) == bits_of(state)


def test_a_network_in_training_stays_in_training(checkpoint_path: Path, tmp_path: Path) -> None:
    network = load_network(checkpoint_path).train()
    save_network(network, tmp_path / "saved.pth")
    assert network.training


# What cannot be done


@pytest.mark.parametrize(
    ("model", "output", "said"),
    [
        ("small.pth", "out.bin", "out.bin: expected a name ending in .onnx, .pt, .pth, .safe"),
        ("small.pth", "out", "got the suffix ''"),
        ("small.pth", "absent/out.pth", "absent to exist; create it first"),
        ("small.pth", "folder.pth", "folder.pth: expected a file to write, got a folder"),
        ("graph.onnx", "out.pth", "graph.onnx: expected a checkpoint, got an ONNX graph"),
        ("absent.pth", "out.pth", "absent.pth: there is no such file"),
        ("picture.pth", "out.pth", "picture.pth: expected a style model, got a PNG picture"),
        ("other.pth", "out.pth", "other.pth: expected the state dict of a TransformerNet"),
        ("wide.pth", "out.pth", "wide.pth: expected"),
        ("broken.pth", "out.safetensors", "broken.pth: expected finite weights"),
    ],
)
def test_what_cannot_be_converted_is_one_line_and_leaves_nothing(
    model: str,
    output: str,
    said: str,
    make_state: MakeState,
    picture_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = make_state(1)
    torch.save(state, tmp_path / "small.pth")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    wide = torch.zeros(1).expand(2**42)  # of memory it takes one number, copied 16 TiB
    torch.save(state | {"in5.bias": wide}, tmp_path / "wide.pth")
    torch.save(state | {"in5.bias": torch.full((1,), torch.nan)}, tmp_path / "broken.pth")
    (tmp_path / "graph.onnx").write_bytes(b"\x08\x0a")
    (tmp_path / "folder.pth").mkdir()
    picture_path.rename(tmp_path / "picture.pth")
    before = content_of(tmp_path)
    assert convert_by_command(tmp_path / model, tmp_path / output) == 1
    error = capsys.readouterr().err
    assert (said in error, error.count("\n")) == (True, 1), error
    assert content_of(tmp_path) == before


def test_a_network_whose_training_failed_is_not_saved(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    network = load_network(checkpoint_path)
    network.state_dict()["in1.weight"].fill_(torch.nan)
    with pytest.raises(StyleError, match=r"saved\.pth: expected finite weights"):
        save_network(network, tmp_path / "saved.pth")
    assert content_of(tmp_path) == {}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_earlier_file_and_nothing_else(
    error: BaseException, checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_a_part(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:100])
        raise error

    path = tmp_path / "model.safetensors"
    path.write_bytes(b"made earlier")
    monkeypatch.setattr(Path, "write_bytes", write_a_part)
    with pytest.raises((StyleError, KeyboardInterrupt)):
        convert(checkpoint_path, path)
    assert content_of(tmp_path) == {"model.safetensors": b"made earlier"}


def test_a_folder_that_may_not_be_written_to_is_named(
    bound_by_permissions: None, checkpoint_path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o500)
    with pytest.raises(StyleError, match=r"out\.pth: cannot be written"):
        convert(checkpoint_path, folder / "out.pth")


def test_a_missing_package_is_named(
    checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(MissingDependencyError, match="expected safetensors to be installed"):
        convert(checkpoint_path, tmp_path / "out.safetensors")
