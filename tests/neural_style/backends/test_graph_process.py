"""The process that paints ONNX graphs: what it knows, what it may take, and when it ends."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from neural_style import DeviceError, NeuralStyleError, load
from neural_style.backends import graph_process
from neural_style.system import interruption
from tests.support.networks.styles import ROOT, make_picture
from tests.support.pipeline.programs import is_running, wait_until

pytest.importorskip("openvino")
pytest.importorskip("onnx")

from tests.support.files.onnx_graphs import scale_channels
from tests.support.files.onnx_hostile import COSTLY, Node, graph_of

PROC = Path("/proc")
needs_proc = pytest.mark.skipif(not PROC.exists(), reason="reads /proc, as Linux has it")

HOLD = """
import sys, time
import neural_style
style = neural_style.load(sys.argv[1])
print(style._process._process.pid, flush=True)
time.sleep(600)
"""


CONNECT = """
import socket
from neural_style.backends import graph_worker

def connect(request):
    try:
        socket.create_connection(("127.0.0.1", {port}), 5).close()
    except OSError as error:
        raise RuntimeError("no network") from error
    raise RuntimeError("connected")

graph_worker._load = connect
main()
"""
"""The end of the process's program; in place of loading a graph it tries to reach a port."""

LONGEST = 10  # seconds of processor time
MOST_MEMORY = 2 * 2**30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small graph."""
    path = tmp_path / "scale.onnx"
    path.write_bytes(scale_channels([1, 1, 1]))
    return path


def hold(path: Path, **environment: str) -> tuple[subprocess.Popen[str], int]:
    """Start a program that loads a graph and waits; return it and the id of its process."""
    program = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    assert program.stdout is not None
    return program, int(program.stdout.readline())


@needs_proc
def test_the_process_knows_no_secrets_and_not_the_folder(path: Path) -> None:
    program, child = hold(path, AWS_SECRET_ACCESS_KEY="hush")
    try:
        environment = (PROC / str(child) / "environ").read_bytes()
        folder = (PROC / str(child) / "cwd").readlink()
    finally:
        program.kill()
        program.communicate()

    assert b"hush" not in environment
    assert folder == Path("/")


def can_leave_network() -> bool:
    """Return True if Linux lets processes give up the network here."""
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "--map-root-user", "--net", "true"]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


@pytest.mark.skipif(not can_leave_network(), reason="this system lets nobody leave the network")
@pytest.mark.parametrize(
    ("removed", "outcome"),
    [("", "no network"), ("\nleave_network()", "connected")],
    ids=["as it is", "for comparison"],
)
def test_the_process_has_no_network(
    removed: str, outcome: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = graph_process._PROGRAM.replace(removed, "")
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = program.replace("\nmain()\n", CONNECT.format(port=server.getsockname()[1]))
        monkeypatch.setattr(graph_process, "_PROGRAM", program)

        with pytest.raises(DeviceError, match=outcome):
            load(path)


@needs_proc
@pytest.mark.parametrize(
    "name",
    [
        "many multiplications",
        *(
            pytest.param(name, marks=pytest.mark.soak)
            for name in COSTLY
            if name != "many multiplications"
        ),
    ],
)
def test_a_costly_graph_paints_16_pixels_in_bounded_time_and_memory(
    name: str,
    path: Path,
) -> None:
    path.write_bytes(COSTLY[name])
    begin = time.process_time()

    style = load(path)
    style(make_picture(16, 16))

    pid = style._process._process.pid  # type: ignore[attr-defined]
    assert time.process_time() - begin + processor_time(pid) < LONGEST
    assert peak_memory(pid) < MOST_MEMORY


def processor_time(pid: int) -> float:
    """Return the seconds that a process has computed."""
    status = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    user, system = status[11:13]  # proc_pid_stat(5), behind the name
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int) -> int:
    """Return the bytes that a process has had at most."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024


@pytest.mark.skipif(os.name == "nt", reason="sends signals")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_the_process_ends_with_its_parent(number: str, path: Path) -> None:
    program, child = hold(path)

    program.send_signal(getattr(signal, number))
    program.communicate()

    wait_until(lambda: not is_running(child))


def test_the_process_is_kept_between_pictures(path: Path) -> None:
    style = load(path)

    pids = []
    for _ in range(3):
        style(make_picture())
        pids.append(style._process._process.pid)  # type: ignore[attr-defined]

    assert len(set(pids)) == 1


def test_a_process_that_was_killed_costs_one_picture(path: Path) -> None:
    style = load(path)
    style._process._process.kill()  # type: ignore[attr-defined]

    with pytest.raises(DeviceError, match=r"scale\.onnx: expected OpenVINO to paint .* ended"):
        style(make_picture())

    assert style(make_picture()).size == make_picture().size


def test_a_process_that_takes_too_long_is_ended(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    style = load(path)
    os.kill(style._process._process.pid, signal.SIGSTOP)  # type: ignore[attr-defined]
    monkeypatch.setattr(graph_process, "_SECONDS", 0.2)

    with pytest.raises(DeviceError, match="its process took too long; make the picture smaller"):
        style(make_picture())


def test_an_interrupt_ends_a_painting_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interruption, "interrupted", threading.Event())
    style = load(path)
    process = style._process._process  # type: ignore[attr-defined]
    os.kill(process.pid, signal.SIGSTOP)
    caught: list[BaseException] = []

    def paint() -> None:
        try:
            style(make_picture())
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=paint)
    thread.start()
    wait_until(lambda: bool(interruption._stops))
    interruption.interrupt()
    thread.join()

    assert [type(error) for error in caught] == [KeyboardInterrupt]
    assert not is_running(process.pid)


@needs_proc
def test_memory_is_limited(path: Path) -> None:
    style = load(path)
    style._process._base_bytes = 2**20  # type: ignore[attr-defined]

    with pytest.raises(DeviceError, match=r"scale\.onnx"):
        style(make_picture())


@needs_proc
def test_memory_is_limited_while_a_graph_is_loaded(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_process, "_BYTES", 2**20)
    monkeypatch.setattr(graph_process, "_BYTES_PER_THREAD", 0)

    with pytest.raises(NeuralStyleError, match=r"scale\.onnx: expected OpenVINO|cannot prepare"):
        load(path)


@pytest.mark.skipif(os.name == "nt", reason="needs limits of Unix")
def test_a_graph_that_computes_for_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["image", *(f"t{index}" for index in range(400)), "output"]
    nodes: list[Node] = [("Tanh", [made], name, {}) for made, name in itertools.pairwise(names)]
    (tmp_path / "slow.onnx").write_bytes(graph_of(*nodes))
    monkeypatch.setattr(graph_process, "_CPU_SECONDS", 0.1)
    monkeypatch.setattr(graph_process, "_MULTIPLICATIONS_PER_CPU_SECOND", 1e30)

    with pytest.raises(DeviceError, match=r"slow\.onnx: .* its process took too long; make the"):
        load(tmp_path / "slow.onnx")(Image.new("RGB", (2000, 2000)))
