"""PyTorch as a backend: accelerators, half precision, and the CPU in their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import DeviceError, Style, StyleError, load
from neural_style.backends.base import not_finite
from neural_style.backends.loading import load_weights
from neural_style.options import EXACT, FAST, RenderingOptions, ignore
from neural_style.pictures.arrays import Pixels
from tests.support.networks.backends import paint_with_torch
from tests.support.networks.styles import MakePicture, MakeState

torch = pytest.importorskip("torch")

from neural_style.backends.pytorch import TorchStyle, to_half  # noqa: E402  (it needs torch)

EXACT_DECIBELS, FAST_DECIBELS = 60, 45


def accelerated(path: Path, notify: Callable[[str], None] = ignore) -> TorchStyle:
    """Return a style as for an accelerator, whose place the CPU takes."""

    def load_for_cpu() -> Style:
        return load(path)

    cpu = torch.device("cpu")
    return TorchStyle(path, load_weights(path), cpu, RenderingOptions(), notify, load_for_cpu)


def fail_with(error: Exception) -> Callable[[Pixels], Pixels]:
    """Return a `paint_pixels` that raises `error`."""

    def paint_pixels(pixels: Pixels) -> Pixels:
        raise error

    return paint_pixels


def decibels(painted: Image.Image, expected: Image.Image) -> float:
    """Return the peak signal-to-noise ratio in dB; infinity for equal pictures."""
    noise = np.square(np.asarray(painted, float) - np.asarray(expected, float)).mean()
    return float("inf") if noise == 0 else float(10 * np.log10(255**2 / noise))


def test_the_limit_of_memory_is_kept(checkpoint_path: Path, make_picture: MakePicture) -> None:
    weights, options = load_weights(checkpoint_path), RenderingOptions(memory=1)
    style = TorchStyle(checkpoint_path, weights, torch.device("cpu"), options)

    with pytest.raises(DeviceError, match="expected a limit of at least"):
        style(make_picture())


# The CPU in place of an accelerator


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), "has too little memory"),
        (
            RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
            "failed (MPS backend out of memory (MPS allocated: 9 GB))",
        ),
        (
            RuntimeError("device-side assert triggered\nCompile with TORCH_USE_CUDA_DSA"),
            "failed (device-side assert triggered Compile with TORCH_USE_CUDA_DSA)",
        ),
        (NotImplementedError("no kernel for this device"), "failed (no kernel for this device)"),
    ],
    ids=["memory of CUDA", "memory of MPS", "assertion", "missing kernel"],
)
def test_the_cpu_paints_what_an_accelerator_fails_at(
    error: Exception,
    reason: str,
    checkpoint_path: Path,
    make_picture: MakePicture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notes: list[str] = []
    style = accelerated(checkpoint_path, notes.append)
    monkeypatch.setattr(style, "paint_pixels", fail_with(error))

    painted = style(make_picture())

    assert painted == load(checkpoint_path)(make_picture())
    assert notes == [f"cpu {reason}: the CPU paints this picture"]


def test_an_error_of_the_style_itself_is_not_painted_again(
    checkpoint_path: Path, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    style = accelerated(checkpoint_path, notes.append)
    monkeypatch.setattr(style, "paint_pixels", fail_with(not_finite()))

    with pytest.raises(StyleError, match="expected finite colors"):
        style(make_picture())

    assert notes == []


def test_a_failure_on_the_cpu_stays_an_error(
    checkpoint_path: Path, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = load_weights(checkpoint_path)
    style = TorchStyle(checkpoint_path, weights, torch.device("cpu"), RenderingOptions())
    monkeypatch.setattr(style, "paint_pixels", fail_with(RuntimeError("out of threads")))

    with pytest.raises(DeviceError, match="out of threads"):
        style(make_picture())


def test_the_standing_in_style_is_loaded_once(
    checkpoint_path: Path, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Style] = []

    def load_for_cpu() -> Style:
        loaded.append(load(checkpoint_path))
        return loaded[-1]

    weights, cpu = load_weights(checkpoint_path), torch.device("cpu")
    style = TorchStyle(checkpoint_path, weights, cpu, RenderingOptions(), ignore, load_for_cpu)
    monkeypatch.setattr(style, "paint_pixels", fail_with(RuntimeError("gone")))

    for _ in range(2):
        style(make_picture())

    assert len(loaded) == 1


# Precision


def test_half_precision_is_close_to_full(checkpoint_path: Path, make_picture: MakePicture) -> None:
    style = accelerated(checkpoint_path)
    style._fast_network = to_half(style._network)

    painted = style(make_picture(16, 12))

    expected = paint_with_torch(checkpoint_path, make_picture(16, 12))
    assert decibels(painted, expected) >= FAST_DECIBELS


def test_what_overflows_in_half_precision_is_painted_in_full(
    make_state: MakeState, make_picture: MakePicture, tmp_path: Path
) -> None:
    state = make_state()
    state["conv1.conv2d.weight"] *= 1e4  # the normalization undoes it
    path = tmp_path / "steep.pth"
    torch.save(state, path)
    style = accelerated(path)
    style._fast_network = to_half(style._network)

    painted = style(make_picture(16, 12))

    assert painted == paint_with_torch(path, make_picture(16, 12))


def test_full_precision_is_set_only_while_painting(
    checkpoint_path: Path, make_picture: MakePicture
) -> None:
    setting = torch.backends.cudnn.conv
    before = setting.fp32_precision
    values: list[str] = []
    style = accelerated(checkpoint_path)
    style._network.register_forward_hook(lambda *_: values.append(setting.fp32_precision))

    style(make_picture())

    assert (values, setting.fp32_precision) == (["ieee"], before)


@pytest.mark.parametrize(("precision", "minimum"), [(EXACT, EXACT_DECIBELS), (FAST, FAST_DECIBELS)])
def test_an_accelerator_paints_as_the_cpu_does(
    precision: str, minimum: float, checkpoint_path: Path, make_picture: MakePicture
) -> None:
    if not torch.accelerator.is_available():
        pytest.skip("PyTorch finds no accelerator on this machine")

    painted = load(checkpoint_path, "accel", precision=precision)(make_picture())

    assert decibels(painted, load(checkpoint_path)(make_picture())) >= minimum
