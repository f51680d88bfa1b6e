"""Checkpoints made to do harm: each costs its own failure, in bounded time and memory."""

from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TypedDict

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("memory is measured as Linux does", allow_module_level=True)


from tests.support.files.pickles import (
    call,
    get,
    make_archive,
    make_dict,
    make_old_file,
    make_tuple,
    name,
    number,
    program,
    put,
    storage,
    tensor,
    text,
)
from tests.support.networks.styles import ROOT

SECONDS = 10
"""What a file may take of a processor; each takes a second or less here."""

MAX_BYTES = 2_000_000_000
"""What the process that reads them all may take, with the interpreter."""

OPCODES = 2**18
"""The number that is executed."""

_READER = """
import json, sys, time
from pathlib import Path
from neural_style import StyleError
from neural_style.backends.loading import load_network

outcomes = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    start = time.process_time()
    try:
        load_network(path).weights
        message = "loaded"
    except StyleError as error:
        message = str(error)
    outcomes[path.stem] = {"message": message, "seconds": time.process_time() - start}
status = Path("/proc/self/status").read_text().split()
peak = 1024 * int(status[status.index("VmHWM:") + 1])  # getrusage inherits its parent's
print(json.dumps({"files": outcomes, "peak": peak, "torch": "torch" in sys.modules}))
"""


class FileOutcome(TypedDict):
    """What became of a file."""

    message: str
    seconds: float


class Report(TypedDict):
    """What the process that read all files says."""

    files: dict[str, FileOutcome]
    peak: int
    torch: bool


def make_hostile_files(part: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of files that aim at time, memory or the interpreter.

    Args:
        part: 1 for files that are as large as they can be; 4 for those with a quarter of that.
    """
    opcodes_run = OPCODES // part
    ordered_dict = name("collections", "OrderedDict")
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    one = make_tuple(number(1))
    doubling = b")" + put(0) + b"".join(get(i) + b"\x86" + put(i + 1) for i in range(60))
    identifier = make_tuple(
        text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), number(4)
    )
    arguments = make_tuple(
        storage(), number(0), make_tuple(*[number(1)] * 8), make_tuple(*[number(1)] * 8), b"\x89}"
    )
    programs = {
        "bytearray": call(name("builtins", "bytearray"), number(3_000_000_000)),
        "uninitialized": make_dict(text("a"), call(name("torch", "FloatTensor"), number(128))),
        "attribute": tensor() + make_dict(text("data"), number(1)) + b"b",
        "lists": b"(" + b"]" * (opcodes_run - 4) + b"t",
        "dicts": b"(" + b"}" * (opcodes_run - 4) + b"t",
        "marks": b"(" * (opcodes_run - 4),
        "more lists": b"]" * (2**24 // part),
        "ordered dicts": b"("
        + ordered_dict
        + put(0)
        + (get(0) + b")R") * (opcodes_run // 3 - 9)
        + b"t",
        "deep tuple": b")" + b"\x85" * (2_000_000 // part),
        "less deep tuple": b")" + b"\x85" * (opcodes_run - 9),
        "deep list": b"]" * (130_000 // part) + b"a" * (130_000 // part - 1),
        "doubling tuple": doubling,
        "doubling key": b"}" + doubling + b"Ns",
        "list in itself": b"]" + put(0) + get(0) + b"a",
        "dict in itself": b"}" + put(0) + text("a") + get(0) + b"s",
        "long number": pickle.dumps(1 << (80_000_000 // part), 2)[2:-1],
        "many keys": make_dict(*(number(i << 11) + b"N" for i in range(2**16 // part))),
        "many strings": b"(" + text("\U0001f600" + "x" * 60_000) * (270 // part) + b"t",
        "long names": make_dict(*(text(f"module.{i:0>60000}") + b"N" for i in range(270 // part))),
        "prefixes": make_dict(text("module." * 9000), tensor()),
        "identifiers": b"(" + identifier + put(0) + (get(0) + b"Q") * (100_000 // part) + b"t",
        "long identifier": identifier[:-1]
        + b"N" * (200_000 // part)
        + b"t"
        + put(0)
        + (get(0) + b"Q0") * 9,
        "tensors": b"]("
        + rebuild
        + put(0)
        + arguments
        + put(1)
        + (get(0) + get(1) + b"R") * (80_000 // part)
        + b"e",
        "one tensor": b"](" + tensor() + put(1) + get(1) * (200_000 // part) + b"e",
        "expanded": tensor(make_tuple(number(2**33)), make_tuple(number(0))),
        "expanded often": b"]("
        + tensor(make_tuple(number(2**24)), make_tuple(number(0)))
        + put(1)
        + get(1) * 9
        + b"e",
        "named tensors": make_dict(
            *(text(str(i)) + tensor(one, one) for i in range(5_000 // part))
        ),
        "shell": call(name("os", "system"), text("kill -9 $PPID")),
        "computed name": call(text("o" + "s") + text("system") + b"\x93", text("kill -9 $PPID")),
    }
    for label, opcodes in programs.items():
        yield f"{label}, zip", make_archive(program(opcodes), compression=zipfile.ZIP_DEFLATED)
        if len(opcodes) < 10_000:  # the same machine reads both
            keys = ["0"] if text("storage") in opcodes else []
            yield f"{label}, old", make_old_file(program(opcodes), pickle.dumps(keys, 2))
    yield "deflated dicts", make_archive(b"}" * (2**28 // part), compression=zipfile.ZIP_DEFLATED)
    yield "deflated storage", _make_deflated_storage(2**26 // part - 1000)
    yield "directory", _make_directory(2**28 // part)
    yield "members", _make_members(65_000 // part)


def _make_deflated_storage(elements: int) -> bytes:
    part = storage(elements=number(elements))
    return make_archive(
        program(tensor(make_tuple(number(elements)), of=part)),
        {"0": bytes(4 * elements)},
        compression=zipfile.ZIP_DEFLATED,
    )


def _make_directory(size: int) -> bytes:
    """Return a file of a size in bytes, nearly all of it entries of a directory."""
    entries = (b"PK\1\2" + bytes(42)) * ((size - 100) // 46)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2**16 - 1, 2**16 - 1, len(entries), 4, 0)
    return b"PK\3\4" + entries + end


def _make_members(count: int) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for index in range(count):
            archive.writestr(f"model/{index}", b"")
    return file.getvalue()


@pytest.fixture(
    scope="module", params=[4, pytest.param(1, marks=pytest.mark.soak)], ids=["quarter", "whole"]
)
def hostile_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with all hostile files."""
    folder = tmp_path_factory.mktemp("hostile")
    for label, data in make_hostile_files(request.param):
        (folder / f"{label}.pth").write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def report(hostile_folder: Path) -> Report:
    """What a process says that reads all hostile files."""
    process = subprocess.run(
        [sys.executable, "-c", _READER, str(hostile_folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert process.returncode == 0, process.stderr
    outcome: Report = json.loads(process.stdout)
    return outcome


def test_every_hostile_file_is_refused_in_one_line(report: Report) -> None:
    assert all("expected " in outcome["message"] for outcome in report["files"].values())
    assert all(outcome["message"].isprintable() for outcome in report["files"].values())


def test_no_hostile_file_takes_long(report: Report) -> None:
    slow = {k: v["seconds"] for k, v in report["files"].items() if v["seconds"] > SECONDS}

    assert slow == {}


def test_no_hostile_file_takes_much_memory(report: Report) -> None:
    assert report["peak"] < MAX_BYTES


def test_hostile_files_never_reach_pytorch(report: Report) -> None:
    assert not report["torch"]
