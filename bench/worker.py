"""What runs in a process of its own: ``python -m bench.worker JOB``, a file of JSON.

It writes its answer, JSON too, to the path that the job names.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from csci_utils.text import one_line

from .contenders import BF16, CONTENDERS, FP32, Inputs
from .machine import computes_in_bf16
from .watching import read_status

SEED = 20_161_008
_SIDES = (512, 1024, 2048)  # of the matrices whose product is timed: in the caches, and beyond
_PRODUCT_SECONDS = 0.2  # for each of them


def paint(job: dict[str, Any]) -> dict[str, Any]:
    """Paint a picture once, then up to `job["warm"]` times more.

    None of these begins later than `job["budget"]` seconds after the first painting.
    """
    contender = next(c for c in CONTENDERS if c.name == job["contender"])
    picture = np.load(job["picture"])
    inputs = Inputs(Path(job["weights"]), Path(job["graph"]), job["threads"])
    begin = time.perf_counter()
    painter = contender.build(inputs)
    painted = painter(picture)
    first = _since(begin)
    warm: list[float] = []
    warm_begin = time.perf_counter()
    while len(warm) < job["warm"] and _since(warm_begin) < job["budget"]:
        painted = picture  # the last one's memory is free again
        begin = time.perf_counter()
        painted = painter(picture)
        warm.append(_since(begin))
    peak_memory = read_status("self").get("VmHWM:")
    if job["painted"]:
        height, width, _ = picture.shape
        np.save(job["painted"], painted[:height, :width])
    return {"first": first, "warm": warm, "peak_memory": peak_memory}


def prepare(job: dict[str, Any]) -> dict[str, Any]:
    """Write the style in the formats that are needed, and time the processor."""
    import torch

    from neural_style.backends.loading import load_weights
    from neural_style.formats.checkpoint import load_network
    from neural_style.transformer_net import TransformerNet

    torch.set_num_threads(job["threads"])
    if job["style"]:
        network = load_network(job["style"])
    else:
        torch.manual_seed(SEED)
        network = TransformerNet()
        with torch.no_grad():  # from about -1..1 to the levels of a picture
            network.get_parameter("deconv3.conv2d.weight").mul_(100)
            network.get_parameter("deconv3.conv2d.bias").add_(128)
    torch.save(network.state_dict(), job["weights"])
    load_weights(job["weights"])  # fills the cache
    if job["graph"]:
        from neural_style.formats.onnx_export import export_network

        Path(job["graph"]).write_bytes(export_network(network.eval()))
    return {"base_width": network.base_width, "rates": measure_rates()}


def measure_rates() -> dict[str, float]:
    """Operations a second of the fastest matrix product at hand, by the type of the matrices."""
    import torch

    def product(library: Any, side: int, dtype: Any) -> Callable[[], Any]:
        left, right = (
            library.ones((side, side), dtype=dtype),
            library.ones((side, side), dtype=dtype),
        )
        return lambda: left @ right

    # NumPy's library is the faster one on some processors, and it knows fp32 alone.
    kinds = [(FP32, torch, torch.float32), (FP32, np, np.float32)]
    if computes_in_bf16():
        kinds.append((BF16, torch, torch.bfloat16))
    rates: dict[str, float] = {}
    for name, library, dtype in kinds:
        for side in _SIDES:
            rate = 2 * side**3 / _time_best(product(library, side, dtype))
            rates[name] = max(rates.get(name, 0), rate)
    return rates


def _time_best(compute: Callable[[], Any]) -> float:
    compute()
    started, best = time.perf_counter(), float("inf")
    while _since(started) < _PRODUCT_SECONDS:
        begin = time.perf_counter()
        compute()
        best = min(best, _since(begin))
    return best


def _since(begin: float) -> float:
    return time.perf_counter() - begin


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    try:
        answer = {"paint": paint, "prepare": prepare}[job["kind"]](job)
    except MemoryError:
        sys.exit("out of memory")
    except Exception as error:
        traceback.print_exc()
        sys.exit(f"{type(error).__name__}: {one_line(str(error))}")
    Path(job["answer"]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
