"""`FusedNetwork`, whose kernels Triton interprets here: this machine need not have a GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")
pytest.importorskip("torch")

from neural_style.formats.safetensors_file import encode_network
from neural_style.networks.description import NetworkDescription
from tests.support.networks.family import make_family_network

_COMPARE = """
import json, sys
import numpy as np, torch
from neural_style.backends.loading import load_network
from neural_style.backends.pytorch.fused_network import FusedNetwork
from neural_style.backends.pytorch.networks import PlainNetwork

network, cpu, results = load_network(sys.argv[1]), torch.device("cpu"), []
for count, height, width, dtype in [(2, 6, 9, "float32"), (1, 8, 5, "float16")]:
    random = np.random.default_rng(height)
    pictures = torch.from_numpy(random.integers(0, 256, (count, height, width, 3), np.uint8))
    painted, is_broken = FusedNetwork(network, cpu, getattr(torch, dtype))(pictures)
    with torch.inference_mode():
        expected, _ = PlainNetwork(network, cpu, torch.float32)(pictures)
    difference = (painted.int() - expected.int()).abs()
    results.append([list(painted.shape), difference.max().item(), is_broken.tolist()])
many, mix = load_network(sys.argv[2]), {1: 0.25, 2: 0.75}
fused = FusedNetwork(many.mixed({0: 1.0}), cpu, torch.float32)
fused.set_norms(many.mix(mix))
with torch.inference_mode():
    expected, _ = PlainNetwork(many.mixed(mix), cpu, torch.float32)(pictures)
mixed_difference = (fused(pictures)[0].int() - expected.int()).abs().max().item()
network.weights["deconv3.conv2d.bias"][1] = np.inf  # as an overflow would
_, is_broken = FusedNetwork(network, cpu, torch.float32)(pictures)
print(json.dumps([results, mixed_difference, is_broken.tolist()]))
"""


def test_fused_layers_paint_what_pytorchs_own_layers_paint(tmp_path: Path) -> None:
    one = NetworkDescription(channels=(8, 16, 32, 16, 8), blocks=1)
    many = NetworkDescription(channels=(4, 6, 10, 8, 5), blocks=1, styles=3)
    (tmp_path / "one.safetensors").write_bytes(encode_network(make_family_network(one)))
    (tmp_path / "many.safetensors").write_bytes(encode_network(make_family_network(many)))
    # Triton asks the environment when it is imported.
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}

    process = subprocess.run(
        [sys.executable, "-c", _COMPARE, "one.safetensors", "many.safetensors"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    (full, half), mixed_difference, broken = json.loads(process.stdout)
    assert full[0] == [2, 8, 12, 3] and full[1] <= 1 and full[2] == [False, False]
    assert half[0] == [1, 8, 8, 3] and half[1] <= 8
    assert mixed_difference <= 1
    assert broken == [True]
