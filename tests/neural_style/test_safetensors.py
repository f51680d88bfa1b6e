from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from neural_style import (
    STYLE_SUFFIXES,
    MissingDependencyError,
    StyleDescription,
    StyleError,
    inspect,
    load,
)

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from neural_style.formats.checkpoint import load_network  # noqa: E402  (it needs torch)

State = dict[str, Any]
MakeState = Callable[..., State]
RefusalOf = Callable[[bytes, str], str]

ROOT = Path(__file__).resolve().parents[2]
FLOATS = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}  # a header's entry


def file_of(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file; `header` is an object for JSON, or what stands in its place."""
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(encoded) if length is None else length) + encoded + data


def write(data: bytes, tmp_path: Path, name: str = "model.safetensors") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def whole(make_state: MakeState) -> bytes:
    """A small style as a safetensors file."""
    return bytes(safetensors.save(make_state()))


# What is a style


@pytest.mark.parametrize("name", ["model.safetensors", "MODEL.SafeTensors"])
def test_it_paints_as_the_checkpoint_does(
    name: str,
    whole: bytes,
    checkpoint_path: Path,
    make_picture: Callable[..., Image.Image],
    tmp_path: Path,
) -> None:
    picture = make_picture()
    assert load(write(whole, tmp_path, name))(picture) == load(checkpoint_path)(picture)


def test_its_suffix_is_one_of_a_style() -> None:
    assert ".safetensors" in STYLE_SUFFIXES


@pytest.mark.parametrize("base_width", [1, 16, 32])
def test_it_is_described_as_a_checkpoint(
    base_width: int, make_state: MakeState, tmp_path: Path
) -> None:
    path = write(safetensors.save(make_state(base_width)), tmp_path)
    assert inspect(path) == StyleDescription(base_width, None)


def test_old_running_statistics_are_dropped(make_state: MakeState, tmp_path: Path) -> None:
    statistics = {"in1.running_mean": torch.zeros(8), "res1.in2.running_var": torch.ones(32)}
    path = write(safetensors.save(make_state() | statistics), tmp_path)
    assert load(path).base_width == 8


def test_notes_in_the_header_do_not_matter(make_state: MakeState, tmp_path: Path) -> None:
    path = write(safetensors.save(make_state(), {"trained_on": "waves"}), tmp_path)
    assert load(path).base_width == 8


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_precision_become_fp32(
    dtype: Any, make_state: MakeState, tmp_path: Path
) -> None:
    state = {key: value.to(dtype) for key, value in make_state().items()}
    loaded = load_network(write(safetensors.save(state), tmp_path)).state_dict()
    assert all(torch.equal(loaded[key], value.float()) for key, value in state.items())


def test_tensors_are_read_without_pytorch(whole: bytes, tmp_path: Path) -> None:
    path = write(whole, tmp_path)
    script = (
        "import sys; from pathlib import Path\n"
        "from neural_style.safetensors_file import read_tensors\n"
        f"tensor = read_tensors(Path({str(path)!r}).read_bytes())['conv1.conv2d.weight']\n"
        "print(tensor.dtype, tensor.shape, len(tensor.data), 'torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == f"F32 (8, 3, 9, 9) {8 * 3 * 9 * 9 * 4} False\n"


# What is none


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes"),
        (b"<!DOCTYPE html>", "text that begins '<!DOCTYPE html>"),
        (b"\x01\x02\x03", "header too small"),
        (bytes(100), "invalid JSON in header"),
        (b"\xff" * 100, "a header of 18,446,744,073,709,551,615 bytes"),
        (file_of({}, length=2**20 + 1), "a header of 1,048,577 bytes"),
        (file_of({}, length=2**20), "invalid header length"),
        (file_of(b"{" * 1000), "invalid JSON in header"),
        (file_of(b'{"a":' * 10_000), "recursion limit exceeded"),
        (file_of([1]), "invalid JSON in header"),
        (file_of(b'{"\xff": 1}'), "invalid UTF-8 in header"),
        (file_of({"a": 1}), "invalid JSON in header"),
        (file_of({"a": FLOATS}, bytes(15)), "not fully covered"),
        (file_of({"a": FLOATS}, bytes(17)), "not fully covered"),
        (file_of({"a": FLOATS, "b": FLOATS}, bytes(16)), "invalid offset"),
        (file_of({"a": FLOATS, "b": FLOATS | {"data_offsets": [8, 24]}}, bytes(24)), "invalid off"),
        (file_of({"a": FLOATS | {"data_offsets": [16, 32]}}, bytes(32)), "invalid offset"),
        (file_of({"a": FLOATS | {"data_offsets": [16, 0]}}, bytes(16)), "invalid offset"),
        (file_of({"a": FLOATS | {"shape": [5]}}, bytes(16)), "invalid shape"),
        (file_of({"a": FLOATS | {"shape": [2**40], "data_offsets": [0, 2**42]}}), "not fully cov"),
        (file_of({"a": FLOATS | {"shape": [2**40, 2**40]}}, bytes(16)), "overflow"),
        (file_of({"a": FLOATS | {"shape": [-4]}}, bytes(16)), "invalid value: integer `-4`"),
        (file_of({"a": FLOATS | {"shape": [2**63, 0], "data_offsets": [0, 0]}}), "which has none"),
        (file_of({"a": FLOATS | {"dtype": "F31"}}, bytes(16)), "unknown variant `F31`"),
        (file_of({"a": FLOATS | {"dtype": "I32"}}, bytes(16)), "got 'a' of I32"),
        (file_of({"a": FLOATS | {"dtype": "F4", "shape": [32]}}, bytes(16)), "got 'a' of F4"),
        (file_of({"a\n\u202e": FLOATS}, bytes(16)), r"unexpected a \u202e"),
        (file_of({}), "missing conv1.conv2d.bias"),
    ],
    ids=[
        "empty",
        "html",
        "3 bytes",
        "zeros",
        "ones",
        "header too long",
        "header cut off",
        "no JSON",
        "nested",
        "list",
        "UTF-8",
        "number",
        "byte missing",
        "byte left over",
        "same place",
        "overlap",
        "gap",
        "backwards",
        "shape",
        "terabytes",
        "overflow",
        "negative",
        "nothing",
        "no type",
        "integers",
        "4 bits",
        "hostile name",
        "no tensors",
    ],
)
def test_bytes_that_are_no_style_are_described(
    data: bytes, said: str, refusal_of: RefusalOf
) -> None:
    assert said in refusal_of(data, "model.safetensors")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_called_one(
    kind: str, make_picture: Callable[..., Image.Image], tmp_path: Path, refusal_of: RefusalOf
) -> None:
    make_picture().save(tmp_path / "picture", kind)
    data = (tmp_path / "picture").read_bytes()
    assert f"got a {kind} picture" in refusal_of(data, "model.safetensors")


def test_a_checkpoint_under_its_name_is_to_be_renamed(
    checkpoint_path: Path, refusal_of: RefusalOf
) -> None:
    assert "rename it to .pth" in refusal_of(checkpoint_path.read_bytes(), "model.safetensors")


def test_a_checkpoint_that_it_pretends_to_be_is_to_be_renamed(whole: bytes, tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=r"got a safetensors file; rename it to \.safetensors"):
        load(write(whole, tmp_path, "model.pth"))


@pytest.mark.parametrize("key", ["conv1.conv2d.weight", "res3.in2.bias"])
def test_a_wrong_shape_is_named(key: str, make_state: MakeState, refusal_of: RefusalOf) -> None:
    data = safetensors.save(make_state() | {key: torch.zeros(8, 7)})
    assert "got (8, 7)" in refusal_of(data, "model.safetensors")


@pytest.mark.parametrize("value", [float("nan"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(
    value: float, make_state: MakeState, refusal_of: RefusalOf
) -> None:
    state = make_state()
    state["in3.weight"][0] = value
    assert "NaN or infinity in in3.weight" in refusal_of(
        safetensors.save(state), "model.safetensors"
    )


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.truncate(2**40)  # a hole: it takes no space
    with pytest.raises(StyleError, match="expected at most"):
        load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=r"absent\.safetensors: there is no such file"):
        load(tmp_path / "absent.safetensors")


@pytest.mark.parametrize("seed", range(4))
def test_mutilated_files_raise_nothing_but_style_errors(
    seed: int, make_state: MakeState, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    whole = safetensors.save(make_state(1))
    for _ in range(25):
        data = bytearray(whole[: rng.choice((len(whole), rng.randrange(1, len(whole))))])
        for _ in range(rng.randrange(1, 4)):
            place = min(int(rng.expovariate(1 / 1000)), len(data) - 1)  # mostly in the header
            data[place] = rng.randrange(256)
        try:
            load(write(bytes(data), tmp_path))
        except StyleError as error:
            assert str(error).isprintable()


def test_a_missing_package_is_named(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(MissingDependencyError, match="expected safetensors to be installed"):
        load(write(whole, tmp_path))
