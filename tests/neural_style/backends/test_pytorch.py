"""PyTorch as a backend: accelerators, half precision, and the CPU in their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from PIL import Image

from neural_style import DeviceError, Style, StyleError, load
from neural_style.backends.base import not_finite
from neural_style.backends.loading import load_network
from neural_style.networks.weights import Weights
from neural_style.options import EXACT, FAST, RenderingOptions, ignore
from neural_style.pictures.arrays import Colors
from tests.support.networks.engine import measure_psnr, paint_with_torch
from tests.support.networks.styles import make_picture, make_state

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch")

from neural_style.backends.pytorch import TorchStyle, parts  # noqa: E402  (they need torch)
from neural_style.backends.pytorch.networks import PlainNetwork, full_precision  # noqa: E402

EXACT_DECIBELS, FAST_DECIBELS = 60, 45


def accelerated(path: Path, notify: Callable[[str], None] = ignore) -> TorchStyle:
    """Return a style as for an accelerator, whose place the CPU takes."""

    def load_for_cpu() -> Style:
        return load(path)

    cpu = torch.device("cpu")
    return TorchStyle(path, load_network(path), cpu, RenderingOptions(), notify, load_for_cpu)


class FailingNetwork:
    """A network that fails at more than `most` pictures at once."""

    def __init__(self, style: TorchStyle, error: Exception, most: int = 0) -> None:
        self.batches: list[int] = []
        self._network = style._shared.networks[0]
        self._error = error
        self._most = most
        style._shared.networks[0] = self

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        self.batches.append(len(pictures))
        if len(pictures) > self._most:
            raise self._error
        return self._network(pictures)

    def set_norms(self, norms: Weights) -> None:
        self._network.set_norms(norms)


def colors_of(picture: Image.Image) -> Colors:
    return np.asarray(picture.convert("RGB"))


def test_the_limit_of_memory_is_kept(checkpoint_path: Path) -> None:
    network, options = load_network(checkpoint_path), RenderingOptions(memory=1)
    style = TorchStyle(checkpoint_path, network, torch.device("cpu"), options)

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
) -> None:
    notes: list[str] = []
    style = accelerated(checkpoint_path, notes.append)
    FailingNetwork(style, error)

    painted = style(make_picture())

    assert painted == load(checkpoint_path)(make_picture())
    assert notes == [f"cpu {reason}: the CPU paints this picture"]


def test_an_error_of_the_style_itself_is_not_painted_again(
    checkpoint_path: Path,
) -> None:
    notes: list[str] = []
    style = accelerated(checkpoint_path, notes.append)
    FailingNetwork(style, not_finite())

    with pytest.raises(StyleError, match="expected finite colors"):
        style(make_picture())

    assert notes == []


def test_a_failure_on_the_cpu_stays_an_error(
    checkpoint_path: Path,
) -> None:
    network = load_network(checkpoint_path)
    style = TorchStyle(checkpoint_path, network, torch.device("cpu"), RenderingOptions())
    FailingNetwork(style, RuntimeError("out of threads"))

    with pytest.raises(DeviceError, match="out of threads"):
        style(make_picture())


def test_the_standing_in_style_is_loaded_once(
    checkpoint_path: Path,
) -> None:
    loaded: list[Style] = []

    def load_for_cpu() -> Style:
        loaded.append(load(checkpoint_path))
        return loaded[-1]

    network, cpu = load_network(checkpoint_path), torch.device("cpu")
    style = TorchStyle(checkpoint_path, network, cpu, RenderingOptions(), ignore, load_for_cpu)
    FailingNetwork(style, RuntimeError("gone"))

    for _ in range(2):
        style(make_picture())

    assert len(loaded) == 1


# Batches


def test_a_batch_is_painted_as_its_pictures_are(
    checkpoint_path: Path,
) -> None:
    style = accelerated(checkpoint_path)
    batch = [colors_of(make_picture(16, 12)), colors_of(make_picture(16, 12).rotate(180))]

    painted = style.paint_batch(batch)

    alone = [style.paint(colors) for colors in batch]
    assert all(map(np.array_equal, painted, alone))


def test_half_as_many_are_painted_together_where_memory_is_too_small(
    checkpoint_path: Path,
) -> None:
    notes: list[str] = []
    style = accelerated(checkpoint_path, notes.append)
    network = FailingNetwork(style, torch.OutOfMemoryError("CUDA out of memory."), most=2)
    batch = [colors_of(make_picture().rotate(90 * turn)) for turn in range(5)]

    painted = style.paint_batch(batch)

    alone = accelerated(checkpoint_path)
    assert all(map(np.array_equal, painted, map(alone.paint, batch)))
    assert network.batches == [5, 2, 2, 1]
    assert notes == ["cpu has too little memory: it paints 2 pictures at once"]


def test_the_size_of_a_batch_depends_on_the_pictures_and_on_earlier_failures(
    checkpoint_path: Path,
) -> None:
    style = accelerated(checkpoint_path)
    assert style.batch_size(512, 512) == 1  # on a CPU

    style.device = torch.device("cuda")
    sizes = [style.batch_size(512, 512), style.batch_size(4000, 6000)]
    style._shared.most_at_once = 3

    assert sizes == [32, 1]
    assert style.batch_size(512, 512) == 3


def test_of_a_batch_only_what_overflows_is_painted_in_full(
    checkpoint_path: Path,
) -> None:
    style, exact = accelerated(checkpoint_path), accelerated(checkpoint_path)
    batch = [colors_of(make_picture(16, 12)), colors_of(make_picture(16, 12).rotate(180))]

    def break_second(pictures: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros_like(pictures), torch.tensor([False, True])

    style._shared.networks.insert(0, cast(Any, break_second))
    first, second = style.paint_batch(batch)

    assert not first.any()
    assert np.array_equal(second, exact.paint(batch[1]))


# Precision


def test_half_precision_is_close_to_full(checkpoint_path: Path) -> None:
    style = accelerated(checkpoint_path)
    half = PlainNetwork(load_network(checkpoint_path), torch.device("cpu"), torch.float16)
    style._shared.networks.insert(0, half)

    painted = style(make_picture(16, 12))

    expected = paint_with_torch(checkpoint_path, make_picture(16, 12))
    assert measure_psnr(painted, expected) >= FAST_DECIBELS


def test_what_overflows_in_half_precision_is_painted_in_full(tmp_path: Path) -> None:
    state = make_state()
    state["conv1.conv2d.weight"] *= 1e4  # the normalization undoes it
    path = tmp_path / "steep.pth"
    torch.save(state, path)
    style = accelerated(path)
    half = PlainNetwork(load_network(path), torch.device("cpu"), torch.float16)
    style._shared.networks.insert(0, half)

    painted = style(make_picture(16, 12))

    assert painted == paint_with_torch(path, make_picture(16, 12))


def test_full_precision_is_set_only_while_painting(
    checkpoint_path: Path,
) -> None:
    setting = torch.backends.cudnn.conv
    before = setting.fp32_precision
    values: list[str] = []
    style = accelerated(checkpoint_path)
    network = style._shared.networks[0]
    assert isinstance(network, PlainNetwork)
    network.network.register_forward_hook(lambda *_: values.append(setting.fp32_precision))

    style(make_picture())

    assert (values, setting.fp32_precision) == (["ieee"], before)


def test_full_precision_lasts_until_the_last_of_several_threads_has_painted() -> None:
    setting = torch.backends.cudnn.conv
    before = setting.fp32_precision
    first, second = full_precision(), full_precision()  # not nested, as of two threads

    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert setting.fp32_precision == "ieee"
    second.__exit__(None, None, None)

    assert setting.fp32_precision == before


@pytest.mark.parametrize(("precision", "minimum"), [(EXACT, EXACT_DECIBELS), (FAST, FAST_DECIBELS)])
def test_an_accelerator_paints_as_the_cpu_does(
    precision: str,
    minimum: float,
    checkpoint_path: Path,
) -> None:
    if not torch.accelerator.is_available():
        pytest.skip("PyTorch finds no accelerator on this machine")
    style, expected = load(checkpoint_path, "accel", precision=precision), load(checkpoint_path)
    picture = make_picture()

    painted = [style(picture) for _ in range(4)]  # what is launched again and again is captured

    assert all(measure_psnr(each, expected(picture)) >= minimum for each in painted)
    batch = [colors_of(picture), colors_of(picture.rotate(180))]
    for _ in range(4):
        assert all(map(np.array_equal, style.paint_batch(batch), map(style.paint, batch)))


def test_a_batch_is_painted_in_parts_of_any_size(
    checkpoint_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = "accel" if torch.accelerator.is_available() else "cpu"
    monkeypatch.setattr(parts, "_PART_PIXELS", 4 * 16 * 12)
    style = accelerated(checkpoint_path) if device == "cpu" else load(checkpoint_path, device)
    pictures = [colors_of(make_picture(16, 12).rotate(7 * turn)) for turn in range(21)]

    painted = [style.paint_batch(pictures[:count]) for count in (21, 19, 6, 3)]

    alone = [style.paint(colors).astype(int) for colors in pictures]
    for batch in painted:  # sums of other sizes are rounded in another order
        assert all(abs(a - b).max() <= 1 for a, b in zip(batch, alone, strict=False))
