"""Loading of styles: which files are accepted, and which devices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import neural_style
from neural_style import DeviceError, StyleError, inspect, load
from neural_style.engine import KERNEL_VARIABLE
from tests.support.command_line import run_program
from tests.support.networks.styles import assert_close, make_picture

OFFICIAL = ("candy", "mosaic", "rain_princess", "udnie")


@pytest.mark.parametrize("content", ["amber-301x227", "amber-512x512"])
@pytest.mark.parametrize("name", OFFICIAL)
def test_official_models_paint_as_the_reference_does(
    name: str,
    content: str,
    weights_dir: Path,
    reference_dir: Path,
) -> None:
    pytest.importorskip("torch")
    picture = neural_style.load_picture(reference_dir / f"{content}.png")
    with Image.open(reference_dir / f"{content}-{name}.png") as reference:
        expected = reference.convert("RGB").crop((0, 0, *picture.size))

    painted = load(weights_dir / f"{name}.pth")(picture)

    assert_close(painted, expected, within=1)


# Files


def test_a_checkpoint_is_one_style_without_a_number(checkpoint_path: Path) -> None:
    assert inspect(checkpoint_path).count is None


@pytest.mark.parametrize("number", [0, 1, -1])
def test_a_checkpoint_takes_no_number(number: int, checkpoint_path: Path) -> None:
    with pytest.raises(StyleError, match=r"small\.pth: expected no style number"):
        load(checkpoint_path, number=number)


@pytest.mark.parametrize("function", [load, inspect])
def test_an_unknown_suffix_is_answered_with_the_known_ones(
    function: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "style.bin"
    path.write_bytes(bytes(range(256)))

    with pytest.raises(StyleError, match=r"ending in \.onnx, .*s, got the suffix '\.bin'"):
        function(path)


@pytest.mark.parametrize("name", ["style.pth", "style.pt", "style.onnx", "style.png", "style"])
def test_a_picture_given_as_a_style_is_called_one(
    name: str,
    tmp_path: Path,
) -> None:
    make_picture().save(tmp_path / name, "PNG")

    with pytest.raises(StyleError, match="expected a style model, got a PNG picture"):
        load(tmp_path / name)


@pytest.mark.parametrize("name", ["style.pth", "style.onnx", "style.png"])
def test_a_missing_style_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=f"{name}: there is no such file"):
        load(tmp_path / name)


@pytest.mark.parametrize(
    ("package", "name"), [("safetensors", "a.safetensors"), ("openvino", "a.onnx")]
)
def test_a_missing_package_is_answered_with_its_install_command(
    package: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    pytest.importorskip("onnx")
    from tests.support.files.onnx_graphs import scale_channels

    content = b"\x10\0\0\0\0\0\0\0{ something that has to be read to know what it is"
    path.write_bytes(scale_channels([1, 1, 1]) if name.endswith(".onnx") else content)
    program = (
        f"import sys, neural_style; sys.modules[{package!r}] = None\n"
        "try: neural_style.load(sys.argv[1])\n"
        "except neural_style.MissingDependencyError as error: print(error)"
    )

    result = run_program(program, path)

    assert "pip install '.[style]'" in result.stdout


def test_a_checkpoint_is_read_without_pytorch_and_safetensors(checkpoint_path: Path) -> None:
    program = (
        "import sys; sys.modules.update(torch=None, safetensors=None)\n"
        "from neural_style.backends.loading import load_network\n"
        "print(len(load_network(sys.argv[1]).weights))"
    )

    assert run_program(program, checkpoint_path).stdout == "62\n"


def test_a_checkpoint_is_inspected_where_nothing_can_paint_it(checkpoint_path: Path) -> None:
    program = (
        "import sys; sys.modules.update({name: None for name in sys.argv[2:]})\n"
        "import neural_style; print(neural_style.inspect(sys.argv[1]))"
    )
    painting = ("torch", "openvino", "neural_style.engine._core")

    result = run_program(program, checkpoint_path, *painting)

    assert result.stdout.startswith("StyleDescription(base_width=8, count=None,"), result.stderr


# Devices


def test_auto_always_finds_a_device(checkpoint_path: Path) -> None:
    assert load(checkpoint_path, "auto")(make_picture(8, 8)).size == (8, 8)


@pytest.mark.parametrize("device", ["abacus", "cuda:99", "", "cpu:3"])
def test_an_unknown_device_is_answered_with_the_known_ones(
    device: str, checkpoint_path: Path
) -> None:
    with pytest.raises(DeviceError, match=r"PyTorch finds .*CPU.*; use cpu or auto$"):
        load(checkpoint_path, device)


def test_accel_is_refused_where_there_is_no_accelerator(checkpoint_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.accelerator.is_available():
        pytest.skip("this machine has an accelerator")

    with pytest.raises(DeviceError, match="PyTorch finds no accelerator"):
        load(checkpoint_path, "accel")


@pytest.mark.parametrize("threads", [0, -1, 1025])
def test_too_few_or_too_many_threads_are_an_error(threads: int, checkpoint_path: Path) -> None:
    with pytest.raises(ValueError, match=f"expected threads from 1 to 1024, got {threads}"):
        load(checkpoint_path, threads=threads)


def test_an_unknown_precision_is_refused(checkpoint_path: Path) -> None:
    with pytest.raises(ValueError, match="exact or fast as precision, got 'good'"):
        load(checkpoint_path, precision="good")


def test_a_kernel_that_cannot_run_is_answered_with_those_that_can(
    checkpoint_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)
    monkeypatch.setenv(KERNEL_VARIABLE, "abacus")

    with pytest.raises(DeviceError, match=f"{KERNEL_VARIABLE} to name .*portable.* got 'abacus'"):
        load(checkpoint_path)
