"""State dicts in PyTorch's checkpoints: from a file's content to a network, without PyTorch.

bytes -> `read_state_dict` -> `decode_checkpoint`; each step calls the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..errors import StyleError
from ..networks.network import StyleNetwork
from ..networks.weights import FIRST_WEIGHT, canonicalize_names
from .model_file import MAX_STYLE_BYTES
from .tensors import StoredTensor, check_float, to_network
from .torch_file import read_torch

_SAVE_STATE_DICT = "save the model's state_dict()"
_WRAPPERS = ("state_dict", "model_state_dict")
_MAX_DEPTH = 4  # of dicts in one another
_NAMES_SHOWN = 3


def decode_checkpoint(data: bytes) -> StyleNetwork:
    """Return the network in the content of a file that `torch.save` wrote.

    Raises:
        StyleError: `data` is something else, or not the weights of a network; see
            `read_state_dict` and `to_network`. The error has no path.
    """
    return to_network(read_state_dict(data))


def read_state_dict(data: bytes) -> dict[str, StoredTensor]:
    """Return the state dict in the content of a file that `torch.save` wrote.

    Raises:
        StyleError: `data` is damaged, another format, or refers to a class or a function; see
            `read_torch` and `find_state_dict`. The error has no path.
    """
    return find_state_dict(read_torch(data, MAX_STYLE_BYTES))


def find_state_dict(checkpoint: object) -> dict[str, StoredTensor]:
    """Return a checkpoint's state dict under its canonical names.

    Args:
        checkpoint: A state dict, or a dict that has one: under "state_dict" or "model_state_dict",
            or as the only one of a network in it, whatever its name is.

    Raises:
        StyleError: It is something else, or not all values are floating-point tensors.
    """
    if not isinstance(checkpoint, Mapping):
        raise StyleError(
            f"expected a state dict, got a {_describe(checkpoint)}", remedy=_SAVE_STATE_DICT
        )
    state = _unwrap(checkpoint)
    return canonicalize_names(dict(_check_weight(*item) for item in state.items()))


def _unwrap(checkpoint: Mapping[object, object]) -> Mapping[object, object]:
    wrapped = (checkpoint.get(key) for key in _WRAPPERS)
    outer = next((value for value in wrapped if isinstance(value, Mapping)), checkpoint)
    found = list(_find_networks(outer))
    if len(found) > 1:
        names = ", ".join(f"{name:.80}" for name, _ in found[:_NAMES_SHOWN])
        raise StyleError(
            f"expected one state dict, got {len(found)} of them: {names}", remedy=_SAVE_STATE_DICT
        )
    return found[0][1] if found else outer


def _find_networks(
    value: object, name: str = "", depth: int = 1
) -> Iterator[tuple[str, Mapping[object, object]]]:
    """Yield the dicts that have the first weight of a network, with their names."""
    if not isinstance(value, Mapping) or depth > _MAX_DEPTH:
        return
    if any(isinstance(key, str) and key.endswith(FIRST_WEIGHT) for key in value):
        yield name, value
        return
    for key, item in value.items():
        yield from _find_networks(item, f"{name}[{key!r:.40}]", depth + 1)


def _check_weight(name: object, value: object) -> tuple[str, StoredTensor]:
    if not (isinstance(name, str) and isinstance(value, StoredTensor)):
        raise StyleError(
            "expected a state dict of floating-point tensors, got "
            f"{name!r:.80} with a {_describe(value)}",
            remedy=_SAVE_STATE_DICT,
        )
    check_float(name, value.dtype)
    return name, value


def _describe(value: object) -> str:
    return "Tensor" if isinstance(value, StoredTensor) else type(value).__name__
