"""One job in a process of its own: ``python -m bench.measuring.worker JOB``.

JOB is the path of a JSON file. The job names the path to which the answer is written, as JSON too.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from csci_utils.text import one_line

from ..contenders import BF16, CONTENDERS, FP32
from ..machine import computes_in_bf16
from ..painters import Inputs
from ..styles.contenders import CONTENDERS as STYLE_CONTENDERS
from .process import read_status

if TYPE_CHECKING:
    from neural_style.transformer_net import TransformerNet

_SEED = 20_161_008
_SIDES = (512, 1024, 2048)  # of the multiplied matrices, which fit into the caches and do not
_PRODUCT_SECONDS = 0.2  # for each pair of matrices


def main() -> None:
    """Do the job, and exit with a line on standard error if it fails."""
    job = json.loads(Path(sys.argv[1]).read_text())
    try:
        answer = {"paint": paint, "prepare": prepare}[job["kind"]](job)
    except MemoryError:
        sys.exit("out of memory")
    except Exception as error:
        traceback.print_exc()
        sys.exit(f"{type(error).__name__}: {one_line(str(error))}")
    Path(job["answer"]).write_text(json.dumps(answer))


def paint(job: dict[str, Any]) -> dict[str, Any]:
    """Build a contender, and let it paint a picture once and then up to ``warm`` times more.

    No painting begins later than ``budget`` seconds after the first one.
    """
    contenders = (*CONTENDERS, *STYLE_CONTENDERS)
    contender = next(each for each in contenders if each.name == job["contender"])
    picture = np.load(job["picture"])
    inputs = Inputs(Path(job["weights"]), Path(job["graph"]), job["threads"])
    begin = time.perf_counter()
    painter = contender.build(inputs)
    painted = painter(picture)
    first = _since(begin)
    warm: list[float] = []
    warm_begin = time.perf_counter()
    while len(warm) < job["warm"] and _since(warm_begin) < job["budget"]:
        painted = picture  # frees the memory of the last painting
        begin = time.perf_counter()
        painted = painter(picture)
        warm.append(_since(begin))
    peak_memory = read_status("self").get("VmHWM:")
    if job["painted"]:
        height, width, _ = picture.shape
        np.save(job["painted"], painted[:height, :width])
    return {"first": first, "warm": warm, "peak_memory": peak_memory}


def prepare(job: dict[str, Any]) -> dict[str, Any]:
    """Write the style in the formats that the contenders read, and measure the processor's peak."""
    import torch

    from neural_style.backends.loading import read_style
    from neural_style.formats.checkpoint import load_network

    torch.set_num_threads(job["threads"])
    network = load_network(job["style"]) if job["style"] else _make_network()
    torch.save(network.state_dict(), job["weights"])
    read_style(job["weights"])  # fills the cache
    if job["graph"]:
        from neural_style.formats.saving import save_network

        save_network(network, job["graph"])
    return {"base_width": network.base_width, "rates": measure_rates()}


def _make_network() -> TransformerNet:
    """Return a network of random weights that paints about 0..255."""
    import torch

    from neural_style.transformer_net import TransformerNet

    torch.manual_seed(_SEED)
    network = TransformerNet()
    with torch.no_grad():  # the last layer's output is about -1..1
        network.get_parameter("deconv3.conv2d.weight").mul_(100)
        network.get_parameter("deconv3.conv2d.bias").add_(128)
    return network


def measure_rates() -> dict[str, float]:
    """Return the operations per second of the fastest matrix product, by number type."""
    import torch

    # NumPy's library is the faster one on some processors. It has no bf16.
    kinds: list[tuple[str, Any, Any]] = [(FP32, torch, torch.float32), (FP32, np, np.float32)]
    if computes_in_bf16():
        kinds.append((BF16, torch, torch.bfloat16))
    rates: dict[str, float] = {}
    for name, library, dtype in kinds:
        rates[name] = max(rates.get(name, 0), *(_measure_rate(library, n, dtype) for n in _SIDES))
    return rates


def _measure_rate(library: Any, side: int, dtype: Any) -> float:
    left, right = (library.ones((side, side), dtype=dtype) for _ in range(2))
    return 2 * side**3 / _time_best(lambda: left @ right)


def _time_best(compute: Callable[[], Any]) -> float:
    compute()
    begin, best = time.perf_counter(), float("inf")
    while _since(begin) < _PRODUCT_SECONDS:
        best = min(best, _time_once(compute))
    return best


def _time_once(compute: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    compute()
    return _since(begin)


def _since(begin: float) -> float:
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
