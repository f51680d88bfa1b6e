"""How to paint, as the command line and Python take it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import load, load_picture
from neural_style.neural_style import main
from neural_style.system.resources import THREADS_VARIABLE, count_threads

MakePicture = Callable[..., Image.Image]


@pytest.mark.parametrize(
    "options",
    [
        ["--memory", "much"],
        ["--memory", "0"],
        ["--threads", "0"],
        ["--threads", "1025"],
        ["--precision", "good"],
        ["--device", "cpu", "--accel"],
        ["--device", "cpu", "--cuda", "1"],
    ],
)
def test_an_impossible_option_is_a_usage_error(options: list[str]) -> None:
    paths = ["--content-image", "a.png", "--model", "b.pth", "--output-image", "c.png"]
    with pytest.raises(SystemExit) as ending:
        main(["eval", *paths, *options])
    assert ending.value.code == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--precision", "exact", "--threads", "1", "--memory", "4GiB"],
        ["--device", "cpu"],
        ["--device", "auto", "--threads", "2"],
    ],
)
def test_options_of_how_to_paint_are_taken(
    options: list[str], picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    output_path = tmp_path / "painted.png"
    paths = ["--content-image", picture_path, "--model", checkpoint_path]
    assert main(["eval", *map(str, paths), "--output-image", str(output_path), *options]) == 0
    assert load_picture(output_path).size == (37, 23)


def test_an_unknown_precision_is_refused(checkpoint_path: Path) -> None:
    with pytest.raises(ValueError, match="exact or fast as the precision, got 'good'"):
        load(checkpoint_path, precision="good")


@pytest.mark.parametrize(("value", "threads"), [("3", 3), ("2,1", 2), (" 5 ", 5)])
def test_the_variable_of_openmp_says_how_many_threads(
    value: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, value)
    assert count_threads() == threads


@pytest.mark.parametrize("value", ["", "0", "many"])
def test_without_the_variable_there_is_a_thread_for_each_core_at_most(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, value)
    assert 1 <= count_threads() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"memory": "2GiB"}, r"whole number, such as memory=2 \* 2\*\*30, got '2GiB'"),
        ({"memory": 2e9}, "memory=.*got 2000000000.0"),
        ({"threads": "2"}, "whole number, such as threads=4, got '2'"),
        ({"threads": 1.5}, "threads=4, got 1.5"),
        ({"threads": True}, "threads=4, got True"),
    ],
)
def test_what_is_no_whole_number_is_refused_in_words(
    options: dict[str, Any], said: str, checkpoint_path: Path
) -> None:
    with pytest.raises(TypeError, match=said):
        load(checkpoint_path, **options)


def test_whole_numbers_of_numpy_are_taken(checkpoint_path: Path, make_picture: MakePicture) -> None:
    options: dict[str, Any] = {"threads": np.uint8(1), "memory": np.uint64(2**32)}
    assert load(checkpoint_path, **options)(make_picture()) == load(checkpoint_path)(make_picture())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no processes")
def test_only_cores_that_may_be_used_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(THREADS_VARIABLE, raising=False)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert count_threads() == 1
    finally:
        os.sched_setaffinity(0, before)


# ONNX graphs


@pytest.mark.parametrize(("threads", "precision"), [(1, "exact"), (2, "fast")])
def test_openvino_is_told_of_threads_and_precision(
    threads: int,
    precision: str,
    onnx_path: Path,
    make_picture: MakePicture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    openvino = pytest.importorskip("openvino")
    told: list[dict[Any, Any]] = []
    compile_model = openvino.Core.compile_model

    def listening(core: Any, model: Any, device: str, properties: dict[Any, Any]) -> Any:
        told.append({str(key): value for key, value in properties.items()})
        return compile_model(core, model, device, properties)

    monkeypatch.setattr(openvino.Core, "compile_model", listening)
    load(onnx_path, threads=threads, precision=precision)(make_picture())
    (properties,) = told
    assert properties["INFERENCE_NUM_THREADS"] == threads
    assert ("INFERENCE_PRECISION_HINT" in properties) == (precision == "exact")
