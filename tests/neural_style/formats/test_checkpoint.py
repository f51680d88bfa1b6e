"""Checkpoints that PyTorch wrote: what is loaded, and how everything else is refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import pickle
import random
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("torch")

import torch

from neural_style import StyleError
from neural_style.formats.checkpoint import load_network
from neural_style.transformer_net import TransformerNet
from tests.support.files.pictures import encode
from tests.support.networks import styles
from tests.support.networks.styles import make_state


def save(content: object, in_old_format: bool = False) -> bytes:
    """Return `content` as a file that PyTorch writes."""
    file = BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=not in_old_format)
    return file.getvalue()


def load_bytes(data: bytes, folder: Path) -> TransformerNet:
    """Load the content of a checkpoint."""
    path = folder / "model.pth"
    path.write_bytes(data)
    return load_network(path)


def refusal_of(data: bytes, folder: Path) -> str:
    """Return the message of the error with which a checkpoint is refused."""
    return styles.refusal_of(data, folder / "model.pth", load_network)


class ShellCommand:
    """An object whose pickle creates a file as soon as it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch '{self.marker}'",)


# Checkpoints that are styles


@pytest.mark.parametrize("base_width", [1, 8, 16, 32])
def test_the_width_is_that_of_the_weights(base_width: int, tmp_path: Path) -> None:
    network = load_bytes(save(make_state(base_width)), tmp_path)

    assert network.conv1.conv2d.out_channels == base_width


def test_the_weights_are_those_of_the_file(tmp_path: Path) -> None:
    state = make_state()

    loaded = load_bytes(save(state), tmp_path).state_dict()

    assert all(torch.equal(loaded[key], value) for key, value in state.items())


def test_old_running_statistics_are_dropped(tmp_path: Path) -> None:
    state = make_state()
    for key in [key for key in state if key.endswith(("in1.weight", "in2.weight", "in5.weight"))]:
        state[key.replace("weight", "running_mean")] = torch.zeros(8)
        state[key.replace("weight", "running_var")] = torch.ones(8)

    loaded = load_bytes(save(state), tmp_path).state_dict()

    assert loaded.keys() == make_state().keys()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_weights_of_another_precision_become_fp32(dtype: torch.dtype, tmp_path: Path) -> None:
    state = {key: value.to(dtype) for key, value in make_state().items()}

    loaded = load_bytes(save(state), tmp_path).state_dict()

    assert {value.dtype for value in loaded.values()} == {torch.float32}


def test_the_format_before_zip_archives_is_loaded(tmp_path: Path) -> None:
    state = make_state()

    loaded = load_bytes(save(state, in_old_format=True), tmp_path).state_dict()

    assert all(torch.equal(loaded[key], value) for key, value in state.items())


def test_a_training_of_a_parallel_network_is_loaded(tmp_path: Path) -> None:
    state = make_state()
    wrapped = {f"module.{key}": value for key, value in state.items()}

    loaded = load_bytes(save({"epoch": 2, "state_dict": wrapped}), tmp_path).state_dict()

    assert all(torch.equal(loaded[key], value) for key, value in state.items())


def test_the_network_is_in_eval_mode(checkpoint_path: Path) -> None:
    assert not load_network(checkpoint_path).training


# Files with code


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_in_a_malicious_pickle_is_executed(protocol: int, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    data = pickle.dumps({"conv1": ShellCommand(marker)}, protocol)

    refusal_of(data, tmp_path)

    assert not marker.exists()


def test_nothing_in_a_malicious_checkpoint_is_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    data = save({"conv1": ShellCommand(marker)})

    refusal_of(data, tmp_path)

    assert not marker.exists()


def test_an_error_names_the_code_in_a_malicious_checkpoint(tmp_path: Path) -> None:
    data = save({"conv1": ShellCommand(tmp_path / "executed")})

    message = refusal_of(data, tmp_path)

    assert f"asks for the class or function {os.system.__module__}.system, which was not" in message


@pytest.mark.parametrize("in_old_format", [False, True], ids=["zip", "old"])
def test_an_error_tells_how_to_save_a_whole_model(in_old_format: bool, tmp_path: Path) -> None:
    message = refusal_of(save(torch.nn.Linear(1, 1), in_old_format), tmp_path)

    assert "asks for the class or function torch.nn.modules.linear.Linear" in message
    assert "; save the model's state_dict() instead" in message


# Files that are not checkpoints, or damaged


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_is_recognized(format: str, tmp_path: Path) -> None:
    data = encode(Image.new("RGB", (8, 8)), format)

    assert f"got a {format} picture" in refusal_of(data, tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes"),
        (b"<!DOCTYPE html>\n<title>Not found</title>", "text that begins '<!DOCTYPE html>"),
        ("gr\u00fc\u00dfe".encode() * 1000, "text that begins 'gr\u00fc\u00dfe"),
        (b"\0" * 1000, "other or damaged data"),
        (b"\xff" * 1000, "other or damaged data"),
        (b"PK\x03\x04 and no more", "not an intact zip archive"),
        (gzip.compress(b"PK\x03\x04"), "got a gzip file; unpack it"),
        (bz2.compress(b"PK\x03\x04"), "got a bzip2 file; unpack it"),
        (lzma.compress(b"PK\x03\x04"), "got an xz file; unpack it"),
        (b"\x28\xb5\x2f\xfd", "got a Zstandard file; unpack it"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "got a 7z archive; unpack it"),
        (b"Rar!\x1a\7\1\0", "got a RAR archive; unpack it"),
        (b"\x08\x08\x12\x07pytorch", "got an ONNX graph; rename it to .onnx"),
    ],
    ids=[
        "empty",
        "html",
        "utf-8",
        "zeros",
        "ones",
        "zip",
        "gzip",
        "bzip2",
        "xz",
        "zstd",
        "7z",
        "rar",
        "onnx",
    ],
)
def test_an_error_describes_the_content(data: bytes, message: str, tmp_path: Path) -> None:
    assert message in refusal_of(data, tmp_path)


def test_a_truncated_checkpoint_is_refused(checkpoint_path: Path, tmp_path: Path) -> None:
    data = checkpoint_path.read_bytes()

    assert "not an intact zip archive" in refusal_of(data[: len(data) // 2], tmp_path)


def test_a_flipped_bit_in_a_weight_is_noticed(checkpoint_path: Path, tmp_path: Path) -> None:
    data = bytearray(checkpoint_path.read_bytes())
    data[len(data) // 2] ^= 1

    assert "does not match its checksum" in refusal_of(bytes(data), tmp_path)


def test_an_archive_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data.pkl", b"\0" * (2**28 + 1))

    assert "when unpacked" in refusal_of(file.getvalue(), tmp_path)


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.pth"
    with path.open("wb") as file:
        file.truncate(2**40)  # a hole that takes no space

    with pytest.raises(StyleError, match="expected at most"):
        load_network(path)


def test_an_error_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=r"absent\.pth: there is no such file"):
        load_network(tmp_path / "absent.pth")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="got a folder"):
        load_network(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")

    with pytest.raises(StyleError, match="got a pipe"):
        load_network(tmp_path / "pipe.pth")


@pytest.mark.parametrize("in_old_format", [False, True], ids=["zip", "old"])
@pytest.mark.parametrize("seed", range(4))
def test_altered_checkpoints_raise_only_style_errors(
    seed: int, in_old_format: bool, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    whole = save(make_state(1), in_old_format)

    for _ in range(25):
        data = bytearray(whole[: rng.choice((len(whole), rng.randrange(len(whole))))])
        for _ in range(rng.randrange(4)):
            # Mostly near the ends, where the structure is.
            place = min(int(rng.expovariate(1 / 1000)), max(len(data) - 1, 0))
            if data:
                data[rng.choice((place, -1 - place))] = rng.randrange(256)
        try:
            load_bytes(bytes(data), tmp_path)
        except StyleError as error:
            assert str(error).isprintable()


# Checkpoints of other models


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2, 3], "got a list"),
        (torch.zeros(3), "got a Tensor"),
        ({"epoch": 7}, "'epoch' with a int"),
        ({"state_dict": 7, "weight": torch.zeros(1)}, "'state_dict' with a int"),
        ({"state_dict": {"epoch": 7}}, "'epoch' with a int"),
        ({1: torch.zeros(1)}, "1 with a Tensor"),
        ({"weight": torch.zeros(1, dtype=torch.int64)}, "'weight' of I64"),
        ({"weight": torch.eye(2).to_sparse()}, "torch._utils._rebuild_sparse_tensor"),
        ({"weight": torch.zeros(1, device="meta")}, "torch._utils._rebuild_meta_tensor"),
    ],
    ids=[
        "list",
        "tensor",
        "number",
        "wrapped number",
        "nested",
        "number key",
        "integers",
        "sparse",
        "meta",
    ],
)
def test_an_error_describes_an_object_that_is_not_a_state_dict(
    content: object, message: str, tmp_path: Path
) -> None:
    assert message in refusal_of(save(content), tmp_path)


def test_an_error_lists_some_names_of_another_network(tmp_path: Path) -> None:
    state = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)).state_dict()

    message = refusal_of(save(state), tmp_path)

    assert "missing conv1.conv2d.bias, conv1.conv2d.weight, conv2.conv2d.bias and" in message
    assert "unexpected 0.bias, 0.weight, 1.bias and 1 more" in message


@pytest.mark.parametrize("key", ["conv1.conv2d.weight", "res3.in2.bias", "deconv3.conv2d.weight"])
def test_an_error_names_a_wrong_shape(key: str, tmp_path: Path) -> None:
    message = refusal_of(save(make_state() | {key: torch.zeros(8, 7)}), tmp_path)

    assert "got (8, 7)" in message


@pytest.mark.parametrize("shape", [(), (0, 3, 9, 9), (10**5, 3, 9, 9)], ids=str)
def test_an_impossible_width_is_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    state = make_state() | {"conv1.conv2d.weight": torch.zeros(()).expand(shape)}

    assert "expected conv1.conv2d" in refusal_of(save(state), tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(value: float, tmp_path: Path) -> None:
    state = make_state()
    state["res1.conv1.conv2d.weight"][0, 0, 0, 0] = value

    assert "NaN or infinity in res1.conv1.conv2d.weight" in refusal_of(save(state), tmp_path)
