"""Files in the safetensors format: what is loaded, and how everything else is refused."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from safetensors.torch import save

from neural_style import (
    STYLE_SUFFIXES,
    MissingDependencyError,
    StyleDescription,
    StyleError,
    inspect,
    load,
)
from neural_style.formats.checkpoint import load_network
from tests.support.files.pictures import encode
from tests.support.networks.styles import ROOT, RefusalOf, make_picture, make_state

NAME = "model.safetensors"

Entry = dict[str, str | list[int]]
"""The description of a tensor in a header."""

FLOATS: Entry = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}


def build_file(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """Return a file in the format.

    Args:
        header: An object for JSON, or bytes that take the place of JSON.
        data: The bytes of the tensors.
        length: The header's length that the file states. None for the right one.
    """
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(encoded) if length is None else length) + encoded + data


def build_tensor(size: int, **changes: str | list[int]) -> bytes:
    """Return a file with `size` bytes and a tensor "a", which is `FLOATS` with changes."""
    return build_file({"a": FLOATS | changes}, bytes(size))


def write(data: bytes, folder: Path, name: str = NAME) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A small style as a safetensors file."""
    return save(make_state())


# Files that are styles


@pytest.mark.parametrize("name", ["model.safetensors", "MODEL.SafeTensors"])
def test_it_paints_what_the_checkpoint_paints(
    name: str, whole: bytes, checkpoint_path: Path, tmp_path: Path
) -> None:
    picture = make_picture()

    painted = load(write(whole, tmp_path, name))(picture)

    assert painted == load(checkpoint_path)(picture)


def test_its_suffix_is_one_of_a_style() -> None:
    assert ".safetensors" in STYLE_SUFFIXES


@pytest.mark.parametrize("base_width", [1, 16, 32])
def test_it_is_described_like_a_checkpoint(base_width: int, tmp_path: Path) -> None:
    path = write(save(make_state(base_width)), tmp_path)

    widths = (base_width, 2 * base_width, 4 * base_width, 2 * base_width, base_width)
    assert inspect(path) == StyleDescription(base_width, None, widths, 5, "levels")


def test_old_running_statistics_are_dropped(tmp_path: Path) -> None:
    statistics = {"in1.running_mean": torch.zeros(8), "res1.in2.running_var": torch.ones(32)}
    path = write(save(make_state() | statistics), tmp_path)

    assert load(path).base_width == 8


def test_metadata_may_be_null(tmp_path: Path) -> None:
    whole = save(make_state())
    end = 8 + int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8:end]) | {"__metadata__": None}
    path = write(build_file(header, whole[end:]), tmp_path)

    assert inspect(path).notes == {}


def test_the_name_of_the_module_around_a_network_is_removed(tmp_path: Path) -> None:
    state = {f"model.{name}": weight for name, weight in make_state().items()}

    load(write(save(state), tmp_path))


def test_metadata_in_the_header_is_ignored(tmp_path: Path) -> None:
    path = write(save(make_state(), {"trained_on": "waves"}), tmp_path)

    assert load(path).base_width == 8


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_weights_of_another_precision_become_fp32(dtype: torch.dtype, tmp_path: Path) -> None:
    state = {key: value.to(dtype) for key, value in make_state().items()}

    loaded = load_network(write(save(state), tmp_path)).state_dict()

    assert all(torch.equal(loaded[key], value.float()) for key, value in state.items())


def test_tensors_are_read_without_pytorch(whole: bytes, tmp_path: Path) -> None:
    path = write(whole, tmp_path)
    script = (
        "import sys; from pathlib import Path\n"
        "from neural_style.formats.safetensors_file import read_tensors\n"
        f"tensor = read_tensors(Path({str(path)!r}).read_bytes())['conv1.conv2d.weight']\n"
        "print(tensor.dtype, tensor.values.shape, tensor.values.nbytes, 'torch' in sys.modules)"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert result.stdout == f"F32 (8, 3, 9, 9) {8 * 3 * 9 * 9 * 4} False\n"


# Files that are not styles


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "0 bytes", id="empty"),
        pytest.param(b"<!DOCTYPE html>", "text that begins '<!DOCTYPE html>", id="HTML"),
        pytest.param(b"\x01\x02\x03", "header too small", id="3 bytes"),
        pytest.param(bytes(100), "invalid JSON in header", id="zeros"),
        pytest.param(
            b"\xff" * 100, "a header of 18,446,744,073,709,551,615 bytes", id="bytes of 255"
        ),
        pytest.param(
            build_file({}, length=2**20 + 1), "a header of 1,048,577 bytes", id="header too long"
        ),
        pytest.param(build_file({}, length=2**20), "invalid header length", id="header cut off"),
        pytest.param(build_file(b"{" * 1000), "invalid JSON in header", id="not JSON"),
        pytest.param(build_file(b'{"a":' * 10_000), "recursion limit exceeded", id="nested JSON"),
        pytest.param(build_file([1]), "invalid JSON in header", id="list"),
        pytest.param(build_file(b'{"\xff": 1}'), "invalid UTF-8 in header", id="not UTF-8"),
        pytest.param(build_file({"a": 1}), "invalid JSON in header", id="number"),
        pytest.param(build_tensor(15), "not fully covered", id="a byte too few"),
        pytest.param(build_tensor(17), "not fully covered", id="a byte too many"),
        pytest.param(
            build_file({"a": FLOATS, "b": FLOATS}, bytes(16)), "invalid offset", id="same place"
        ),
        pytest.param(
            build_file({"a": FLOATS, "b": FLOATS | {"data_offsets": [8, 24]}}, bytes(24)),
            "invalid offset",
            id="overlap",
        ),
        pytest.param(build_tensor(32, data_offsets=[16, 32]), "invalid offset", id="gap"),
        pytest.param(build_tensor(16, data_offsets=[16, 0]), "invalid offset", id="backwards"),
        pytest.param(build_tensor(16, shape=[5]), "invalid shape", id="wrong shape"),
        pytest.param(
            build_tensor(0, shape=[2**40], data_offsets=[0, 2**42]),
            "not fully covered",
            id="terabytes",
        ),
        pytest.param(build_tensor(16, shape=[2**40, 2**40]), "overflow", id="shape too large"),
        pytest.param(
            build_tensor(16, shape=[-4]), "invalid value: integer `-4`", id="negative shape"
        ),
        pytest.param(
            build_tensor(0, shape=[2**63, 0], data_offsets=[0, 0]), "which has none", id="no data"
        ),
        pytest.param(build_tensor(16, dtype="F31"), "unknown variant `F31`", id="unknown type"),
        pytest.param(build_tensor(16, dtype="I32"), "got 'a' of I32", id="integers"),
        pytest.param(build_tensor(16, dtype="F4", shape=[32]), "got 'a' of F4", id="4 bits"),
        pytest.param(
            build_file({"a\n\u202e": FLOATS}, bytes(16)), r"unexpected a \u202e", id="hostile name"
        ),
        pytest.param(build_file({}), "missing conv1.conv2d.bias", id="no tensors"),
    ],
)
def test_an_error_describes_the_content(data: bytes, message: str, refusal_of: RefusalOf) -> None:
    assert message in refusal_of(data, NAME)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_recognized(format: str, refusal_of: RefusalOf) -> None:
    data = encode(make_picture(), format)

    assert f"got a {format} picture" in refusal_of(data, NAME)


@pytest.mark.parametrize("name", [NAME, "model.onnx"])
def test_a_checkpoint_of_another_name_is_to_be_renamed(
    name: str, checkpoint_path: Path, refusal_of: RefusalOf
) -> None:
    assert "rename it to .pth" in refusal_of(checkpoint_path.read_bytes(), name)


@pytest.mark.parametrize("name", ["model.pth", "model.onnx"])
def test_a_safetensors_file_of_another_name_is_to_be_renamed(
    name: str, whole: bytes, refusal_of: RefusalOf
) -> None:
    message = refusal_of(whole, name)

    assert "got a safetensors file; rename it to .safetensors" in message


@pytest.mark.parametrize("key", ["conv1.conv2d.weight", "res3.in2.bias"])
def test_an_error_names_a_wrong_shape(key: str, refusal_of: RefusalOf) -> None:
    data = save(make_state() | {key: torch.zeros(8, 7)})

    assert "got (8, 7)" in refusal_of(data, NAME)


@pytest.mark.parametrize("value", [float("nan"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(value: float, refusal_of: RefusalOf) -> None:
    state = make_state()
    state["in3.weight"][0] = value

    assert "NaN or infinity in in3.weight" in refusal_of(save(state), NAME)


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.truncate(2**40)  # a hole that takes no space

    with pytest.raises(StyleError, match="expected at most"):
        load(path)


def test_an_error_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=r"absent\.safetensors: there is no such file"):
        load(tmp_path / "absent.safetensors")


@pytest.mark.parametrize("seed", range(4))
def test_altered_files_raise_only_style_errors(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    whole = save(make_state(1))

    for _ in range(25):
        data = bytearray(whole[: rng.choice((len(whole), rng.randrange(1, len(whole))))])
        for _ in range(rng.randrange(1, 4)):
            place = min(int(rng.expovariate(1 / 1000)), len(data) - 1)  # mostly in the header
            data[place] = rng.randrange(256)
        try:
            load(write(bytes(data), tmp_path))
        except StyleError as error:
            assert str(error).isprintable()


def test_an_error_names_a_missing_package(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)

    with pytest.raises(MissingDependencyError, match="expected safetensors to be installed"):
        load(write(whole, tmp_path))
