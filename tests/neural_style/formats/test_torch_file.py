"""Files that PyTorch saved, read without it: what it reads itself, bit for bit."""

from __future__ import annotations

import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

from neural_style import StyleError
from neural_style.formats.checkpoint import to_torch
from neural_style.formats.tensors import StoredTensor
from neural_style.formats.torch_file import read_torch
from tests.support.files.pickles import (
    call,
    make_archive,
    make_dict,
    make_old_file,
    make_tuple,
    name,
    number,
    program,
    storage,
    tensor,
    text,
)

LIMIT = 10_000_000
DTYPES = [
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
]
LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "contiguous": lambda tensor: tensor,
    "channels last": lambda tensor: tensor.contiguous(memory_format=torch.channels_last),
    "transposed": lambda tensor: tensor.transpose(0, 3),
    "a part": lambda tensor: tensor[1:, :, ::2, 1],
    "one number": lambda tensor: tensor[1, 2, 3, 4],
    "expanded": lambda tensor: tensor[0, 0, 0, 0].expand(3, 2),
    "overlapping": lambda tensor: tensor.as_strided((3, 4), (1, 2), 5),
    "empty": lambda tensor: tensor[:, :0],
}


def save(content: object, protocol: int = 2, in_old_format: bool = False) -> bytes:
    """Return `content` as a file that PyTorch writes."""
    file = BytesIO()
    torch.save(
        content,
        file,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=not in_old_format,
    )
    return file.getvalue()


def read(data: bytes) -> dict[str, StoredTensor]:
    """Read a state dict."""
    saved = read_torch(data, LIMIT)
    assert isinstance(saved, dict)
    return saved


def refusal_of(data: bytes) -> str:
    """Return the message of the error with which a file is refused."""
    with pytest.raises(StyleError) as caught:
        read_torch(data, LIMIT)
    message = str(caught.value)
    assert message.startswith("expected ")
    assert message.isprintable()
    return message


def assert_as_pytorch_reads(data: bytes, same: bytes | None = None) -> None:
    """Compare every type, shape and bit of a state dict with what PyTorch reads.

    It reads the file `same` if it cannot read `data`.
    """
    expected: dict[str, Tensor] = torch.load(BytesIO(same or data), weights_only=True)

    saved = read(data)

    assert list(saved) == list(expected)
    for key, value in expected.items():
        found = to_torch(saved[key])
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        assert bits_of(found) == bits_of(value)


def bits_of(tensor: Tensor) -> bytes:
    """Return the numbers in a tensor as bytes."""
    return tensor.detach().flatten().contiguous().view(torch.uint8).numpy().tobytes()


def numbers(dtype: torch.dtype) -> Tensor:
    """Return 2 x 3 x 4 x 5 numbers of a type, of which no two rows are equal."""
    return (torch.arange(120).reshape(2, 3, 4, 5) * 37 % 101 - 9).to(dtype)


# What is read


@pytest.mark.parametrize("in_old_format", [False, True], ids=["zip", "old"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_tensor_is_that_of_pytorch(layout: str, dtype: torch.dtype, in_old_format: bool) -> None:
    content = {"a": LAYOUTS[layout](numbers(dtype))}

    assert_as_pytorch_reads(save(content, in_old_format=in_old_format))


@pytest.mark.parametrize("in_old_format", [False, True], ids=["zip", "old"])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_is_read(protocol: int, in_old_format: bool) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(2, 2))

    state = network.state_dict()

    assert_as_pytorch_reads(save(state, protocol, in_old_format), save(state))


def test_parameters_are_read() -> None:
    assert_as_pytorch_reads(save(OrderedDict(nn.Linear(2, 3).named_parameters())))


@pytest.mark.parametrize("in_old_format", [False, True], ids=["zip", "old"])
def test_tensors_may_share_a_storage(in_old_format: bool) -> None:
    whole = torch.arange(12.0)

    assert_as_pytorch_reads(
        save({"a": whole[2:6], "b": whole.view(3, 4).t(), "c": whole}, in_old_format=in_old_format)
    )


def test_the_official_models_are_those_of_pytorch(weights_dir: Path) -> None:
    paths = sorted(weights_dir.glob("*.pth"))
    assert paths

    for path in paths:
        assert_as_pytorch_reads(path.read_bytes())


def test_an_archive_packed_by_another_program_is_read() -> None:
    repacked = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(save({"a": torch.arange(9.0)}))) as archive,
        zipfile.ZipFile(repacked, "w", zipfile.ZIP_DEFLATED) as deflated,
    ):
        deflated.mkdir("archive")
        for entry in archive.infolist():
            deflated.writestr(entry.filename, archive.read(entry))

    assert_as_pytorch_reads(repacked.getvalue())


@pytest.fixture
def without_checksums() -> Iterator[None]:
    """PyTorch saves without checksums."""
    torch.serialization.set_crc32_options(False)
    yield
    torch.serialization.set_crc32_options(True)


@pytest.mark.usefixtures("without_checksums")
def test_an_archive_without_checksums_is_read() -> None:
    assert_as_pytorch_reads(save({"a": torch.arange(9.0)}))


def test_the_device_of_a_storage_does_not_matter() -> None:
    part = storage().replace(text("cpu"), text("cuda:1"))

    data = make_archive(program(make_dict(text("a"), tensor(of=part))))

    assert read(data)["a"].values.tolist() == [0, 1, 2, 3]


def test_big_endian_storages_are_read() -> None:
    data = make_archive(
        program(make_dict(text("a"), tensor())),
        {"0": struct.pack(">4f", 1, 2, 3, 4)},
        {"byteorder": b"big"},
    )

    assert_as_pytorch_reads(data)
    assert to_torch(read(data)["a"]).tolist() == [1, 2, 3, 4]


def test_a_storage_of_bytes_has_the_type_of_its_tensor() -> None:
    untyped = storage(kind=name("torch.storage", "UntypedStorage"), elements=number(8))
    rebuild = name("torch._utils", "_rebuild_tensor_v3")
    shape, strides, dtype = make_tuple(number(3)), make_tuple(number(1)), name("torch", "bfloat16")
    arguments = (untyped, number(1), shape, strides, pickle.NEWFALSE, pickle.EMPTY_DICT, dtype)
    stored = torch.tensor([1.0, 2.0, 3.0, 4.0]).bfloat16().view(torch.uint8).numpy().tobytes()

    data = make_archive(program(make_dict(text("a"), call(rebuild, *arguments))), {"0": stored})

    assert_as_pytorch_reads(data)
    assert to_torch(read(data)["a"]).tolist() == [2, 3, 4]


@pytest.mark.parametrize("view", [pickle.NONE, make_tuple(text("1"), number(1), number(3))])
def test_a_view_of_a_storage_in_the_old_format_is_read(view: bytes) -> None:
    part = storage(text("0"), name("torch", "FloatStorage"), number(4), view)
    content = program(make_dict(text("a"), tensor(make_tuple(number(2)), of=part)))

    assert_as_pytorch_reads(make_old_file(content))


def test_values_beside_tensors_are_read() -> None:
    content = {"epoch": 3, "loss": 0.5, "names": ["a", ("b", None)], "state": {0: {"step": True}}}

    assert read_torch(save(content), LIMIT) == content


def test_a_tensor_is_a_view_of_the_file() -> None:
    data = save({"a": torch.zeros(1000)})

    values = read(data)["a"].values

    assert np.shares_memory(values, np.frombuffer(data, np.uint8))
    assert not values.flags.writeable


# Other kinds of files


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_torchscript_archive_is_named() -> None:
    file = BytesIO()
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), file)

    assert "got a TorchScript archive, which is a program; save the model's state_dict()" in (
        refusal_of(file.getvalue())
    )


def test_a_tar_archive_of_the_first_versions_is_named() -> None:
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        for member in ("sys_info", "pickle", "tensors", "storages"):
            archive.addfile(tarfile.TarInfo(member))

    assert "got a tar archive, as versions before 0.1.10 wrote" in refusal_of(file.getvalue())


def test_another_zip_archive_is_described() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<text/>")

    assert "a zip archive without word/data.pkl" in refusal_of(file.getvalue())


@pytest.mark.parametrize("in_old_format", [False, True], ids=["zip", "old"])
def test_a_whole_model_is_named(in_old_format: bool) -> None:
    message = refusal_of(save(nn.Linear(1, 1), in_old_format=in_old_format))

    assert "asks for the class or function torch.nn.modules.linear.Linear, which was not" in message
    assert "; save the model's state_dict() instead" in message


def test_a_plain_pickle_is_refused() -> None:
    assert "without PyTorch's magic number" in refusal_of(pickle.dumps({"a": 1}, 2))


# Tensors and storages that are not


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (tensor(make_tuple(number(5))), "beyond its storage"),
        (tensor(offset=number(1)), "beyond its storage"),
        (tensor(offset=number(-1)), "an impossible shape"),
        (tensor(offset=pickle.NONE), "an impossible shape"),
        (tensor(make_tuple(number(-4))), "an impossible shape"),
        (tensor(make_tuple(pickle.NEWTRUE)), "an impossible shape"),
        (tensor(make_tuple(text("4"))), "an impossible shape"),
        (tensor(pickle.EMPTY_LIST), "an impossible shape"),
        (tensor(make_tuple(*[number(1)] * 9)), "an impossible shape"),
        (tensor(make_tuple(number(2**40))), "an impossible shape"),
        (tensor(strides=make_tuple(number(2))), "beyond its storage"),
        (tensor(strides=make_tuple(number(-1))), "impossible strides"),
        (tensor(strides=make_tuple(number(1), number(1))), "impossible strides"),
        (tensor(make_tuple(number(2), number(3)), make_tuple(number(2), number(2))), "beyond"),
        (tensor(make_tuple(number(2_500_001)), make_tuple(number(0))), "at most 10,000,000 bytes"),
        (
            tensor(make_tuple(*[number(2**39)] * 8), make_tuple(*[number(0)] * 8)),
            "at most 10,000,000 bytes",
        ),
        (
            tensor(make_tuple(number(0), number(2**39)), make_tuple(number(1), number(1))),
            "at most 10,000,000 bytes",
        ),
        (tensor(of=pickle.NONE), "a tensor with wrong arguments"),
        (tensor(of=tensor()), "a tensor with wrong arguments"),
        (tensor(hooks=make_dict(text("hook"), number(1))), "a tensor with wrong arguments"),
        (tensor(of=storage(kind=name("torch.storage", "UntypedStorage"))), "an impossible shape"),
        (call(name("torch._utils", "_rebuild_tensor_v2")), "a tensor with wrong arguments"),
        (call(name("torch._utils", "_rebuild_tensor_v3")), "a tensor with wrong arguments"),
        (call(name("torch._utils", "_rebuild_parameter"), number(1)), "wrong arguments"),
        (call(name("torch", "FloatStorage"), number(128)), "something that cannot be called"),
        (call(name("torch", "float32")), "something that cannot be called"),
        (call(name("torch", "FloatTensor"), number(128)), "class or function torch.FloatTensor"),
        (tensor() + make_dict(text("data"), number(1)) + pickle.BUILD, "sets attributes"),
        (storage(), "got one with other values"),
        (name("torch", "float32"), "got one with other values"),
        (name("torch._utils", "_rebuild_tensor_v2"), "got one with other values"),
    ],
)
def test_a_tensor_that_is_none_is_refused(value: bytes, message: str) -> None:
    assert message in refusal_of(make_archive(program(make_dict(text("a"), value))))


@pytest.mark.parametrize(
    "identifier",
    [
        pickle.NONE,
        text("storage"),
        pickle.EMPTY_TUPLE,
        make_tuple(
            text("module"), name("torch", "FloatStorage"), text("0"), text("cpu"), number(4)
        ),
        make_tuple(text("storage"), text("FloatStorage"), text("0"), text("cpu"), number(4)),
        make_tuple(
            text("storage"), name("torch", "FloatStorage"), number(0), text("cpu"), number(4)
        ),
        make_tuple(text("storage"), name("torch", "FloatStorage"), text("0"), number(0), number(4)),
        make_tuple(
            text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), text("4")
        ),
        make_tuple(
            text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), number(-4)
        ),
        make_tuple(text("storage"), name("torch", "float32"), text("0"), text("cpu"), number(4)),
    ],
)
def test_a_persistent_id_of_another_shape_is_refused(identifier: bytes) -> None:
    data = make_archive(program(tensor(of=identifier + pickle.BINPERSID)))

    assert "a persistent id that is not a storage's" in refusal_of(data)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (storage(elements=number(3)), "storage '0' has 16 bytes"),
        (storage(elements=number(5)), "storage '0' has 16 bytes"),
        (storage(kind=name("torch", "DoubleStorage")), "storage '0' has 16 bytes"),
        (storage(text("1")), "a zip archive without model/data/1"),
        (storage(text("../data.pkl")), "a zip archive without model/data/../data.pkl"),
        (
            storage(text("0"), name("torch", "FloatStorage"), number(4), number(7)),
            "a view beyond its storage",
        ),
        (
            storage(
                text("0"),
                name("torch", "FloatStorage"),
                number(4),
                make_tuple(text("1"), number(2), number(3)),
            ),
            "a view beyond its storage",
        ),
    ],
)
def test_a_storage_that_does_not_fit_is_refused(part: bytes, message: str) -> None:
    one = make_tuple(number(1))

    assert message in refusal_of(make_archive(program(tensor(one, one, of=part))))


def test_two_storages_with_one_key_are_refused() -> None:
    other = tensor(of=storage(kind=name("torch", "IntStorage")))

    data = make_archive(program(make_tuple(tensor(), other)))

    assert "describes the storage '0' wrongly" in refusal_of(data)


def test_another_byte_order_is_refused() -> None:
    data = make_archive(program(tensor()), members={"byteorder": b"middle"})

    assert "neither little nor big" in refusal_of(data)


@pytest.mark.parametrize(
    ("keys", "storages", "message"),
    [
        (pickle.dumps(7, 2), None, "cut off before its storages"),
        (pickle.dumps([], 2), None, "cut off before its storages"),
        (pickle.dumps(["1"], 2), None, "not those of its pickle"),
        (program(b"])" + b"\x85" * 100_000 + b"a"), None, "not those of its pickle"),
        (None, struct.pack("<q4f", 5, 0, 1, 2, 3), "not those of its pickle"),
        (None, struct.pack("<q3f", 4, 0, 1, 2), "storage '0' has 12 bytes"),
        (None, b"", "not those of its pickle"),
    ],
)
def test_wrong_storages_in_the_old_format_are_refused(
    keys: bytes | None, storages: bytes | None, message: str
) -> None:
    assert message in refusal_of(make_old_file(program(tensor()), keys, storages))
