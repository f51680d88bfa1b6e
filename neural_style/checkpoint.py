"""From a checkpoint file to a network, in steps that can each be called alone.

bytes -> `read_checkpoint` or `read_safetensors` -> `to_state_dict` -> `build_network`;
`load_network` takes them all. Only it knows the file's name; the steps' errors do not mention it.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from os import PathLike
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from .errors import StyleError, naming
from .model_file import MAX_STYLE_BYTES, SAFETENSORS_SUFFIXES, WIDTH_KEY, read_style_file
from .safetensors_file import is_safetensors, read_tensors
from .transformer_net import OFFICIAL_BASE_WIDTH, TransformerNet

MAX_BASE_WIDTH = 128  # four times the official width: 27 million parameters

# What weights are stored in, by the names that safetensors has for them.
_DTYPES = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F64": torch.float64,
}
_ZIP_MAGIC = b"PK\x03\x04"
_OLD_STATISTICS = re.compile(r"(^|\.)in\d+\.running_(mean|var)$")
_NAMED_GLOBAL = re.compile(r"GLOBAL (\S+)")  # in what PyTorch's restricted unpickler says
_MOST_KEYS_SHOWN = 3


def load_network(path: str | PathLike[str]) -> TransformerNet:
    """The network whose weights are in the checkpoint at `path`, on the CPU and in eval mode.

    Raises:
        StyleError: the file is anything but a readable state dict of such a network with finite
            weights. Nothing in the file is executed to find that out.
        MissingDependencyError: it is a .safetensors file, and safetensors is not installed.
    """
    with naming(path):
        return build_network(read_weights(Path(path)))


def read_weights(path: Path) -> dict[str, Tensor]:
    """The state dict in the checkpoint at `path`, in the precision that the file has.

    Raises:
        StyleError: as `load_network`, but for names, shapes and values, which `build_network`
            looks at. The message does not name the file.
        MissingDependencyError: as `load_network`.
    """
    data = read_style_file(path)
    if path.suffix.lower() in SAFETENSORS_SUFFIXES:
        return to_state_dict(read_safetensors(data))
    return to_state_dict(read_checkpoint(data))


def read_checkpoint(data: bytes) -> object:
    """What `torch.save` wrote, as long as it is tensors, numbers, strings and containers of them.

    Raises:
        StyleError: `data` is damaged, no checkpoint, or names anything that would have to be
            imported and called.
    """
    if is_safetensors(data):
        raise StyleError(
            "expected a PyTorch checkpoint, got a safetensors file; rename it to .safetensors"
        )
    if data.startswith(_ZIP_MAGIC):
        _check_archive(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that are refused anyway
            checkpoint: object = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        named = _NAMED_GLOBAL.search(str(error))
        if named is None:
            raise _not_a_checkpoint() from error
        raise StyleError(
            f"expected nothing but weights, got a file that asks to run {named[1]}, which was not "
            "done; save the model's state_dict() instead, or do not trust this file"
        ) from error
    except Exception as error:  # KeyError, EOFError, RuntimeError, ...: the content decides
        raise _not_a_checkpoint() from error
    return checkpoint


def _not_a_checkpoint() -> StyleError:
    return StyleError("expected a PyTorch checkpoint, got other or damaged data; download it again")


def _check_archive(data: bytes) -> None:
    """Refuse a zip archive that is damaged, or that would unpack to more than a style's size.

    PyTorch verifies no checksums: without this, a flipped bit is a slightly different style.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            damaged = archive.testzip() if unpacked <= MAX_STYLE_BYTES else None
    except Exception as error:  # BadZipFile, zlib.error, NotImplementedError, ...
        raise StyleError(
            "expected a PyTorch checkpoint, got a damaged or incomplete zip archive "
            f"({error}); download it again"
        ) from error
    if unpacked > MAX_STYLE_BYTES:
        raise StyleError(
            f"expected at most {MAX_STYLE_BYTES:,} bytes when unpacked, got {unpacked:,}; "
            "this is no style model"
        )
    if damaged is not None:
        raise StyleError(
            f"expected an intact checkpoint, but {damaged} in it does not match its checksum; "
            "download it again"
        )


def read_safetensors(data: bytes) -> dict[str, Tensor]:
    """The tensors in the bytes of a safetensors file.

    Raises:
        StyleError: `data` is damaged or no such file, or a tensor is not of the types that weights
            have.
        MissingDependencyError: safetensors is not installed.
    """
    tensors = {}
    for name, raw in read_tensors(data).items():
        dtype = _DTYPES.get(raw.dtype)
        if dtype is None:
            raise StyleError(
                f"expected weights of type {', '.join(_DTYPES)}, got {name!r} of {raw.dtype}; "
                "this is no style model"
            )
        if not raw.data:
            raise StyleError(
                f"expected weights, got {name!r} of shape {raw.shape}, which has none; "
                "this is no style model"
            )
        tensors[name] = torch.frombuffer(raw.data, dtype=dtype).reshape(raw.shape)
    return tensors


def to_state_dict(checkpoint: object) -> dict[str, Tensor]:
    """`checkpoint` without what old versions of PyTorch stored besides the weights.

    Those are the running statistics of the instance norms, which were never used.

    Raises:
        StyleError: it is no mapping from names to dense tensors of floating-point numbers.
    """
    if not isinstance(checkpoint, Mapping):
        raise StyleError(
            f"expected a state dict, got a {type(checkpoint).__name__}; "
            "save the model's state_dict()"
        )
    for key, value in checkpoint.items():
        if not (isinstance(key, str) and _is_weight(value)):
            raise StyleError(
                f"expected a state dict of dense floating-point tensors on the CPU, got "
                f"{key!r} with a {type(value).__name__} of another kind; "
                "save the model's state_dict()"
            )
    return {key: value for key, value in checkpoint.items() if not _OLD_STATISTICS.search(key)}


def _is_weight(value: object) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and value.dtype in _DTYPES.values()
    )


def build_network(state: Mapping[str, Tensor]) -> TransformerNet:
    """The network of the width that `state` has, in eval mode, with its weights as fp32.

    Raises:
        StyleError: names or shapes are not exactly those of a `TransformerNet` up to
            `MAX_BASE_WIDTH`, or a weight is NaN or infinite.
    """
    with torch.device("meta"):  # shapes without memory: nothing is believed before it is checked
        network = TransformerNet(_base_width(state))
    expected = network.state_dict()
    missing, unexpected = expected.keys() - state.keys(), state.keys() - expected.keys()
    if missing or unexpected:
        raise StyleError(
            "expected the state dict of a TransformerNet, got that of another network: "
            f"missing {_some(missing)}; unexpected {_some(unexpected)}"
        )
    for key, value in state.items():
        if value.shape != expected[key].shape:
            raise StyleError(
                f"expected {key} of shape {tuple(expected[key].shape)}, got {tuple(value.shape)}; "
                "this is the state dict of another network"
            )
    weights = {key: value.detach().to(torch.float32) for key, value in state.items()}
    broken = [key for key, value in weights.items() if not value.isfinite().all()]
    if broken:
        raise StyleError(
            f"expected finite weights, got NaN or infinity in {_some(broken)}; "
            "the training that wrote them failed"
        )
    network.load_state_dict(weights, strict=True, assign=True)
    return network.eval()


def _base_width(state: Mapping[str, Tensor]) -> int:
    """The width that `state` claims if a network can have it, else the official one.

    With any other width the comparison of names and shapes finds what is wrong.
    """
    claimed = state.get(WIDTH_KEY)
    if claimed is None or claimed.ndim == 0 or not 1 <= claimed.shape[0] <= MAX_BASE_WIDTH:
        return OFFICIAL_BASE_WIDTH
    return int(claimed.shape[0])


def _some(keys: Iterable[str]) -> str:
    """The first few of `keys`, and how many more there are."""
    ordered = sorted(keys)
    shown = ", ".join(ordered[:_MOST_KEYS_SHOWN]) or "nothing"
    more = len(ordered) - _MOST_KEYS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
