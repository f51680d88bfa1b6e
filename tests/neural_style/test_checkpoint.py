from __future__ import annotations

import io
import os
import pickle
import random
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from neural_style import StyleError  # noqa: E402  (as below)
from neural_style.formats.checkpoint import build_network, load_network, to_state_dict
from neural_style.system.warning_filter import without_warnings  # noqa: E402

State = dict[str, Any]
MakeState = Callable[..., State]


def saved(content: object, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def load_bytes(data: bytes, tmp_path: Path) -> Any:
    path = tmp_path / "model.pth"
    path.write_bytes(data)
    return load_network(path)


def refusal_of(data: bytes, tmp_path: Path) -> str:
    with pytest.raises(StyleError) as caught:
        load_bytes(data, tmp_path)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith(f"{tmp_path / 'model.pth'}: expected ")
    return message


# What is a style


@pytest.mark.parametrize("base_width", [1, 8, 16, 32])
def test_the_width_is_taken_from_the_weights(
    base_width: int, make_state: MakeState, tmp_path: Path
) -> None:
    network = load_bytes(saved(make_state(base_width)), tmp_path)
    assert network.conv1.conv2d.out_channels == base_width


def test_the_weights_are_those_of_the_file(make_state: MakeState, tmp_path: Path) -> None:
    state = make_state()
    loaded = load_bytes(saved(state), tmp_path).state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in state.items())


def test_old_running_statistics_are_dropped(make_state: MakeState, tmp_path: Path) -> None:
    state = make_state()
    for key in [key for key in state if key.endswith(("in1.weight", "in2.weight", "in5.weight"))]:
        state[key.replace("weight", "running_mean")] = torch.zeros(8)
        state[key.replace("weight", "running_var")] = torch.ones(8)
    assert load_bytes(saved(state), tmp_path).state_dict().keys() == make_state().keys()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_precision_become_fp32(
    dtype: Any, make_state: MakeState, tmp_path: Path
) -> None:
    state = {key: value.to(dtype) for key, value in make_state().items()}
    loaded = load_bytes(saved(state), tmp_path).state_dict()
    assert {value.dtype for value in loaded.values()} == {torch.float32}


def test_the_format_from_before_zip_archives_loads(make_state: MakeState, tmp_path: Path) -> None:
    load_bytes(saved(make_state(), _use_new_zipfile_serialization=False), tmp_path)


def test_the_network_is_ready_for_painting(checkpoint_path: Path) -> None:
    assert not load_network(checkpoint_path).training


# What is none


class Payload:
    """A pickle that runs a shell command as soon as it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.marker}'",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_in_a_malicious_pickle_is_executed(protocol: int, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    refusal_of(pickle.dumps({"conv1": Payload(marker)}, protocol), tmp_path)
    assert not marker.exists()


def test_nothing_in_a_malicious_checkpoint_is_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    message = refusal_of(saved({"conv1": Payload(marker)}), tmp_path)
    assert f"{os.system.__module__}.system" in message
    assert not marker.exists()


def test_a_pickled_model_is_refused_with_the_way_out(tmp_path: Path) -> None:
    message = refusal_of(saved(torch.nn.Linear(1, 1)), tmp_path)
    assert "torch.nn.modules.linear.Linear" in message
    assert "state_dict()" in message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_is_called_one(kind: str, tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind)
    assert f"got a {kind} picture" in refusal_of(file.getvalue(), tmp_path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes"),
        (b"<!DOCTYPE html>\n<title>Not found</title>", "text that begins '<!DOCTYPE html>"),
        ("gr\u00fc\u00dfe".encode() * 1000, "text that begins 'gr\u00fc\u00dfe"),
        (b"\0" * 1000, "other or damaged data"),
        (b"\xff" * 1000, "other or damaged data"),
        (b"PK\x03\x04 and no more", "damaged or incomplete zip archive"),
    ],
    ids=["empty", "html", "utf-8", "zeros", "ones", "zip"],
)
def test_bytes_that_are_no_checkpoint_are_described(data: bytes, said: str, tmp_path: Path) -> None:
    assert said in refusal_of(data, tmp_path)


def test_a_checkpoint_cut_short_is_called_incomplete(checkpoint_path: Path, tmp_path: Path) -> None:
    data = checkpoint_path.read_bytes()
    assert "incomplete" in refusal_of(data[: len(data) // 2], tmp_path)


def test_a_flipped_bit_in_a_weight_is_noticed(checkpoint_path: Path, tmp_path: Path) -> None:
    data = bytearray(checkpoint_path.read_bytes())
    data[len(data) // 2] ^= 1
    assert "does not match its checksum" in refusal_of(bytes(data), tmp_path)


def test_an_archive_that_would_unpack_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data.pkl", b"\0" * (2**28 + 1))
    assert "when unpacked" in refusal_of(file.getvalue(), tmp_path)


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.pth"
    with path.open("wb") as file:
        file.truncate(2**40)  # a hole: it takes no space
    with pytest.raises(StyleError, match="expected at most"):
        load_network(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1, 2, 3], "got a list"),
        (torch.zeros(3), "got a Tensor"),
        ({"epoch": 7}, "'epoch' with a int"),
        ({"state_dict": {"conv1.conv2d.weight": torch.zeros(1)}}, "'state_dict' with a dict"),
        ({1: torch.zeros(1)}, "1 with a Tensor"),
        ({"weight": torch.zeros(1, dtype=torch.int64)}, "'weight' with a Tensor"),
        ({"weight": torch.eye(2).to_sparse()}, "'weight' with a Tensor"),
        ({"weight": torch.zeros(1, device="meta")}, "'weight' with a Tensor"),
    ],
    ids=["list", "tensor", "number", "nested", "number key", "integers", "sparse", "meta"],
)
def test_a_checkpoint_of_something_else_is_described(
    content: object, said: str, tmp_path: Path
) -> None:
    assert said in refusal_of(saved(content), tmp_path)


def test_another_network_is_told_by_some_of_its_names(tmp_path: Path) -> None:
    state = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)).state_dict()
    message = refusal_of(saved(state), tmp_path)
    assert "missing conv1.conv2d.bias, conv1.conv2d.weight, conv2.conv2d.bias and" in message
    assert "unexpected 0.bias, 0.weight, 1.bias and 1 more" in message


@pytest.mark.parametrize("key", ["conv1.conv2d.weight", "res3.in2.bias", "deconv3.conv2d.weight"])
def test_a_wrong_shape_is_named(key: str, make_state: MakeState, tmp_path: Path) -> None:
    message = refusal_of(saved(make_state() | {key: torch.zeros(8, 7)}), tmp_path)
    assert "got (8, 7)" in message


@pytest.mark.parametrize("shape", [(), (0, 3, 9, 9), (10**6, 3, 9, 9)])
def test_an_impossible_width_is_refused(
    shape: tuple[int, ...], make_state: MakeState, tmp_path: Path
) -> None:
    enormous = torch.zeros(()).expand(shape)
    state = make_state() | {"conv1.conv2d.weight": enormous}
    assert "expected conv1.conv2d" in refusal_of(saved(state), tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(
    value: float, make_state: MakeState, tmp_path: Path
) -> None:
    state = make_state()
    state["res1.conv1.conv2d.weight"][0, 0, 0, 0] = value
    assert "NaN or infinity in res1.conv1.conv2d.weight" in refusal_of(saved(state), tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=r"absent\.pth: there is no such file"):
        load_network(tmp_path / "absent.pth")


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="got a folder"):
        load_network(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(StyleError, match="got a pipe"):
        load_network(tmp_path / "pipe.pth")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_a_mutilated_checkpoint_raises_nothing_but_style_errors(
    seed: int, zipped: bool, make_state: MakeState, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    whole = saved(make_state(1), _use_new_zipfile_serialization=zipped)
    for _ in range(25):
        data = bytearray(whole[: rng.choice((len(whole), rng.randrange(len(whole))))])
        for _ in range(rng.randrange(4)):
            # mostly near the ends, where the structure is
            place = min(int(rng.expovariate(1 / 1000)), max(len(data) - 1, 0))
            if data:
                data[rng.choice((place, -1 - place))] = rng.randrange(256)
        try:
            load_bytes(bytes(data), tmp_path)
        except StyleError as error:
            assert str(error).isprintable()


def test_a_picture_read_meanwhile_by_another_thread_leaves_warnings_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = without_warnings()  # begins within and ends after

    def fail(*_: object, **__: object) -> None:
        reading.__enter__()
        raise EOFError

    monkeypatch.setattr(torch, "load", fail)
    before = list(warnings.filters)
    refusal_of(b"\0" * 1000, tmp_path)
    reading.__exit__(None, None, None)
    assert list(warnings.filters) == before


# The steps alone


def test_the_steps_work_without_a_file(make_state: MakeState) -> None:
    network = build_network(to_state_dict(make_state()))
    assert network.conv1.conv2d.out_channels == 8


def test_cleaning_a_state_dict_leaves_it_as_it_was(make_state: MakeState) -> None:
    state = make_state() | {"in1.running_mean": torch.zeros(8)}
    to_state_dict(state)
    assert "in1.running_mean" in state
