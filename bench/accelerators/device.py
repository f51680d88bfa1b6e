"""Single pictures and batches on the accelerator that PyTorch finds, and from files to files."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import neural_style
from neural_style.options import EXACT, FAST

from ..measuring.quality import compare
from .figures import Figures, Row
from .files import Work, time_work, write_photos

if TYPE_CHECKING:
    import torch

BATCHES = (1, 8, 32)
"""Pictures at once."""

OWN_LAYERS = ", PyTorch's own layers"
"""What names the rows of a network whose layers are not fused."""

_LEAST = 3  # repetitions


def measure(
    figures: Figures,
    folder: Path,
    seconds: float,
    files: int,
    processes: Sequence[int],
    notify: Callable[[str], None],
) -> None:
    """Fill in what concerns the accelerator; nothing if PyTorch finds none.

    Args:
        figures: What is filled in.
        folder: Has ``style.pth`` and ``picture.npy``. More is written there.
        seconds: How long each batch is repeated, after it was painted twice.
        files: How many pictures are painted from files to files.
        processes: In how many processes; each number is measured.
        notify: Gets a line for each row.
    """
    device = _find_device()
    if device is None:
        return
    import torch

    from neural_style.backends.loading import load_network
    from neural_style.backends.pytorch.making import make_network
    from neural_style.backends.pytorch.networks import PlainNetwork, full_precision

    path, picture = folder / "style.pth", np.load(folder / "picture.npy")
    trained = load_network(path)
    photos = write_photos(folder / "photos", _vary(picture, files))
    figures.machine["accelerator"] = _describe(device)
    for precision, dtype in ((EXACT, torch.float32), (FAST, torch.float16)):
        with torch.inference_mode(), full_precision():
            network: Any
            for name, network, batches in (
                (precision, make_network(trained, device, dtype), BATCHES),
                (precision + OWN_LAYERS, PlainNetwork(trained, device, dtype), BATCHES[-1:]),
            ):
                for count in batches:
                    pictures = torch.from_numpy(np.stack(_vary(picture, count))).to(device)
                    times = _repeat(lambda: network(pictures), seconds, _wait)  # noqa: B023
                    _add(figures.device, Row(name, count, times), "device", notify)
        style = neural_style.load(path, "accel", precision=precision)
        for count in BATCHES:
            batch = _vary(picture, count)
            times = _repeat(lambda: style.paint_batch(batch), seconds)  # noqa: B023
            _add(figures.arrays, Row(precision, count, times), "arrays", notify)
        np.save(folder / "exact.npy", neural_style.load(path).paint(picture))
        np.save(folder / "painted.npy", style.paint(picture))
        figures.quality[precision] = compare(folder / "painted.npy", folder / "exact.npy")
        work = Work(path, photos, folder / f"painted-{precision}", precision)
        for count in processes:
            row = Row(precision, files, [time_work(work, count)], processes=count)
            _add(figures.files, row, "files", notify)


def _find_device() -> torch.device | None:
    try:
        from neural_style.backends.pytorch import find_device
    except ImportError:
        return None
    device = find_device("auto")
    return None if device.type == "cpu" else device


def _describe(device: torch.device) -> str:
    import torch

    with suppress(AttributeError, RuntimeError):
        return str(torch.get_device_module(device).get_device_name())
    return device.type


def _vary(picture: NDArray[np.uint8], count: int) -> list[NDArray[np.uint8]]:
    """Return different pictures."""
    return [np.ascontiguousarray(np.roll(picture, 17 * index, axis=1)) for index in range(count)]


def _repeat(
    paint: Callable[[], object], seconds: float, wait: Callable[[], None] = lambda: None
) -> list[float]:
    for _ in range(2):  # compiles, and chooses algorithms
        paint()
    wait()
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < _LEAST or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        paint()
        wait()
        times.append(time.perf_counter() - start)
    return times


def _wait() -> None:
    """Wait until the accelerator has done what it was asked for."""
    import torch

    torch.accelerator.synchronize()


def _add(rows: list[Row], row: Row, kind: str, notify: Callable[[str], None]) -> None:
    rows.append(row)
    rate = row.count / (row.median or 1)
    notify(
        f"{kind:7} {row.name:28} {row.count:5} pictures in {row.processes}: {row.median:.4f} s, "
        f"{rate:.0f} a second"
    )
