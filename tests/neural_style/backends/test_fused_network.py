"""`FusedNetwork`, whose kernels Triton interprets here: this machine need not have a GPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")
torch = pytest.importorskip("torch")

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
network.weights["deconv3.conv2d.bias"][1] = np.inf  # as an overflow would
_, is_broken = FusedNetwork(network, cpu, torch.float32)(pictures)
print(json.dumps([results, is_broken.tolist()]))
"""


def test_fused_layers_paint_what_pytorchs_own_layers_paint(checkpoint_path: Path) -> None:
    # Triton asks the environment when it is imported.
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}

    process = subprocess.run(
        [sys.executable, "-c", _COMPARE, str(checkpoint_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    (full, half), broken = json.loads(process.stdout)
    assert full[0] == [2, 8, 12, 3] and full[1] <= 1 and full[2] == [False, False]
    assert half[0] == [1, 8, 8, 3] and half[1] <= 8
    assert broken == [True]
