"""What paints where the C++ engine cannot: OpenVINO, PyTorch, accelerators."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import neural_style
from neural_style import DeviceError, Style, load
from neural_style.backends.loading import load_weights
from neural_style.options import FAST, PaintingOptions

torch = pytest.importorskip("torch")

from neural_style.backends.pytorch import TorchStyle, to_half  # noqa: E402  (it needs torch)

AssertClose = Callable[..., None]
MakePicture = Callable[..., Image.Image]
MakeState = Callable[..., dict[str, Any]]

ROOT = Path(__file__).resolve().parents[2]
CORE = "neural_style.engine._core"


def paint_by_torch(path: Path, picture: Image.Image) -> Image.Image:
    return TorchStyle(path, load_weights(path), torch.device("cpu"), PaintingOptions())(picture)


def run_without(
    modules: list[str], command: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run a command where these modules cannot be imported."""
    program = (
        f"import sys; sys.modules |= dict.fromkeys({modules!r})\n"
        "from neural_style.neural_style import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", program, command, *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True)


# Without the engine


@pytest.mark.parametrize(
    ("modules", "engine"), [([CORE], "OpenVINO"), ([CORE, "openvino"], "PyTorch")]
)
def test_another_engine_takes_its_place_and_this_is_said_once(
    modules: list[str],
    engine: str,
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
    assert_close: AssertClose,
    make_picture: MakePicture,
) -> None:
    output_path = tmp_path / "out.png"
    paths = (f"--content-image={picture_path}", f"--model={checkpoint_path}")
    done = run_without(modules, "eval", *paths, f"--output-image={output_path}")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("note: the C++ engine is not installed (")
    assert done.stderr.endswith(f"; painting with {engine}\n")
    assert done.stderr.count("\n") == 1
    expected = paint_by_torch(checkpoint_path, make_picture())
    assert_close(neural_style.load_picture(output_path), expected, within=1)


def test_without_any_engine_the_command_that_installs_one_is_named(
    checkpoint_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    load_weights(checkpoint_path)
    paths = (f"--content-image={picture_path}", f"--model={checkpoint_path}")
    modules = [CORE, "openvino", "torch"]
    done = run_without(modules, "eval", *paths, f"--output-image={tmp_path / 'out.png'}")
    assert done.returncode == 1
    assert "pip install '.[style]'" in done.stderr


def test_info_says_why_the_engine_is_not_there() -> None:
    done = run_without([CORE], "info")
    assert done.returncode == 0, done.stderr
    assert "OpenVINO: the C++ engine is not installed (" in done.stdout


@pytest.fixture
def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neural_style.backends.loading.find_obstacle", lambda: "there is no engine")


@pytest.mark.usefixtures("without_engine")
@pytest.mark.parametrize("size", [(5, 5), (37, 23), (64, 9)])
@pytest.mark.parametrize("base_width", [1, 12])
def test_networks_of_all_widths_are_painted_by_openvino(
    base_width: int,
    size: tuple[int, int],
    make_state: MakeState,
    make_picture: MakePicture,
    assert_close: AssertClose,
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.pth"
    torch.save(make_state(base_width), path)
    told: list[str] = []
    painted = load(path, notify=told.append)(make_picture(*size))
    assert_close(painted, paint_by_torch(path, make_picture(*size)), within=1)
    assert [line.endswith("painting with OpenVINO") for line in told] == [True]


@pytest.mark.usefixtures("without_engine")
def test_a_picture_beyond_the_limit_is_an_error_before_it_is_painted(
    make_state: MakeState, make_picture: MakePicture, tmp_path: Path
) -> None:
    path = tmp_path / "model.pth"
    torch.save(make_state(12), path)
    with pytest.raises(DeviceError, match=r"model\.pth: expected a limit of at least .*--max-side"):
        load(path, memory=1)(make_picture())


def test_pytorch_keeps_a_limit_too(checkpoint_path: Path, make_picture: MakePicture) -> None:
    options = PaintingOptions(memory=1)
    weights = load_weights(checkpoint_path)
    style = TorchStyle(checkpoint_path, weights, torch.device("cpu"), options)
    with pytest.raises(DeviceError, match="expected a limit of at least"):
        style(make_picture())


@pytest.mark.usefixtures("without_engine")
@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot interrupt itself")
def test_ctrl_c_ends_a_painting_by_openvino(
    make_state: MakeState, make_picture: MakePicture, tmp_path: Path
) -> None:
    path, picture = tmp_path / "model.pth", make_picture(700, 600)
    torch.save(make_state(12), path)
    style = load(path, threads=1)
    style(picture)  # compiled for this size
    begin = time.process_time()
    style(picture)
    whole = time.process_time() - begin
    threading.Timer(whole / 10, signal.raise_signal, [signal.SIGINT]).start()
    begin = time.process_time()
    with pytest.raises(KeyboardInterrupt):
        style(picture)
    assert time.process_time() - begin < whole / 2


# Accelerators


def on_accelerator(path: Path, load_for_cpu: Callable[[], Style], **options: Any) -> TorchStyle:
    """A style as on an accelerator; what stands for that is the CPU."""
    given = PaintingOptions(**options)
    return TorchStyle(path, load_weights(path), torch.device("cpu"), given, load_for_cpu)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 99 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    ],
    ids=["cuda", "mps"],
)
def test_the_cpu_paints_what_an_accelerator_has_no_memory_for(
    error: RuntimeError,
    checkpoint_path: Path,
    make_picture: MakePicture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    style = on_accelerator(checkpoint_path, lambda: load(checkpoint_path), notify=told.append)

    def run_out(pixels: object) -> None:
        raise error

    monkeypatch.setattr(style, "paint_pixels", run_out)
    assert style(make_picture()) == load(checkpoint_path)(make_picture())
    assert told == ["cpu has too little memory: the CPU paints this picture"]


def test_another_error_of_an_accelerator_stays_one(
    checkpoint_path: Path, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    style = on_accelerator(checkpoint_path, lambda: load(checkpoint_path))

    def fail(pixels: object) -> None:
        raise RuntimeError("device-side assert triggered")

    monkeypatch.setattr(style, "paint_pixels", fail)
    with pytest.raises(DeviceError, match="device-side assert"):
        style(make_picture())


def test_half_precision_is_close_to_full(checkpoint_path: Path, make_picture: MakePicture) -> None:
    style = on_accelerator(checkpoint_path, lambda: load(checkpoint_path))
    style._fast_network = to_half(style._network)
    painted = np.asarray(style(make_picture(16, 12)), dtype=float)
    expected = np.asarray(paint_by_torch(checkpoint_path, make_picture(16, 12)), dtype=float)
    assert 10 * np.log10(255**2 / np.square(painted - expected).mean()) >= 45


def test_what_overflows_in_half_precision_is_painted_in_full(
    make_state: MakeState, make_picture: MakePicture, tmp_path: Path
) -> None:
    state = make_state()
    state["conv1.conv2d.weight"] *= 1e4  # the normalization takes it back
    path = tmp_path / "steep.pth"
    torch.save(state, path)
    style = on_accelerator(path, lambda: load(path))
    style._fast_network = to_half(style._network)
    assert style(make_picture(16, 12)) == paint_by_torch(path, make_picture(16, 12))


def test_full_precision_is_asked_for_only_while_painting(
    checkpoint_path: Path, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = torch.backends.cudnn.conv
    before, seen = setting.fp32_precision, []
    style = on_accelerator(checkpoint_path, lambda: load(checkpoint_path))
    style._network.register_forward_hook(lambda *_: seen.append(setting.fp32_precision))
    style(make_picture())
    assert (seen, setting.fp32_precision) == (["ieee"], before)


@pytest.mark.parametrize(("precision", "decibels"), [("exact", 60), (FAST, 45)])
def test_an_accelerator_paints_as_the_cpu_does(
    precision: str, decibels: float, checkpoint_path: Path, make_picture: MakePicture
) -> None:
    if not torch.accelerator.is_available():
        pytest.skip("PyTorch finds no accelerator on this machine")
    style = load(checkpoint_path, "accel", precision=precision)
    painted = np.asarray(style(make_picture()), dtype=float)
    expected = np.asarray(load(checkpoint_path)(make_picture()), dtype=float)
    noise = np.square(painted - expected).mean()
    assert noise == 0 or 10 * np.log10(255**2 / noise) >= decibels
