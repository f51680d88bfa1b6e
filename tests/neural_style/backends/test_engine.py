"""The C++ engine as a style: threads, progress, and what it does without."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neural_style
from neural_style import load
from tests.support.command_line import eval_arguments, run_program, run_without
from tests.support.networks.styles import assert_same_pixels, make_picture

pytest.importorskip(
    "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
)

NAME_HEAVY_MODULES = """
import sys
from neural_style.neural_style import main
code = main(sys.argv[1:])
heavy = {'torch', 'openvino', 'onnx'} & sys.modules.keys()
sys.exit(code or ' '.join(heavy) or 0)
"""

HOLD_A_STYLE = """
import sys, threading, neural_style
def hold(style): threading.Event().wait()
style = neural_style.load(sys.argv[1])
threading.Thread(target=hold, args=(style,), daemon=True).start()
"""


def test_two_styles_paint_at_once(
    checkpoint_path: Path,
    wide_path: Path,
) -> None:
    picture = make_picture(70, 50)
    styles = [load(path, threads=2) for path in (checkpoint_path, wide_path)] * 8
    expected = [style(picture) for style in styles[:2]] * 8

    with ThreadPoolExecutor(4) as pool:
        painted = list(pool.map(lambda style: style(picture), styles))

    assert painted == expected


def test_numbers_of_numpy_are_accepted(checkpoint_path: Path) -> None:
    numbers: dict[str, Any] = {"threads": np.uint8(1), "memory": np.uint64(2**32)}

    style = load(checkpoint_path, **numbers)

    assert style(make_picture()) == load(checkpoint_path)(make_picture())


def test_large_pictures_are_taken_apart_and_put_together_again(
    checkpoint_path: Path,
) -> None:
    picture = make_picture(20, 700, "RGBA")  # more rows than are converted at once

    painted = load(checkpoint_path)(picture)

    opaque = load(checkpoint_path)(picture.convert("RGB"))
    assert (np.asarray(painted)[..., :3] == np.asarray(opaque)).all()


# Progress


def test_progress_ends_with_the_last_pass(wide_path: Path) -> None:
    events: list[tuple[int, int]] = []

    load(wide_path)(make_picture(400, 300), lambda *event: events.append(event))

    assert events == sorted(events)
    assert events[-1] == (16, 16)


@pytest.mark.parametrize("kind", [LookupError, MemoryError, RuntimeError])
def test_what_progress_raises_ends_the_painting(
    kind: type[Exception],
    wide_path: Path,
) -> None:
    error = kind("enough")

    def refuse(done: int, total: int) -> None:
        raise error

    style = load(wide_path)
    with pytest.raises(kind) as caught:
        style(make_picture(400, 300), refuse)

    assert caught.value is error
    assert style(make_picture(20, 20)).size == (20, 20)


# Without PyTorch


@pytest.mark.parametrize("command", ["eval", "inspect"])
def test_a_style_that_was_read_once_needs_no_pytorch(
    command: str, checkpoint_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    load(checkpoint_path)
    arguments = ["inspect", f"--model={checkpoint_path}"]
    if command == "eval":
        arguments = eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png")

    result = run_program(NAME_HEAVY_MODULES, *arguments)

    assert (result.returncode, result.stderr) == (0, "")


def test_safetensors_need_no_pytorch(
    wide_path: Path,
    picture_path: Path,
    tmp_path: Path,
) -> None:
    output_path = tmp_path / "painted.png"

    result = run_without(
        ["torch", "openvino"], *eval_arguments(picture_path, wide_path, output_path)
    )

    assert result.returncode == 0, result.stderr
    assert_same_pixels(neural_style.load_picture(output_path), load(wide_path)(make_picture()))


def test_a_thread_that_outlives_the_program_prints_nothing(wide_path: Path) -> None:
    result = run_program(HOLD_A_STYLE, wide_path)

    assert (result.returncode, result.stderr) == (0, "")
