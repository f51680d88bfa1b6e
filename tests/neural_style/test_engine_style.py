"""How the C++ engine lives with others: memory, disk, threads, interruption."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

import neural_style
from neural_style import DeviceError, load
from neural_style.backends.arena import Arena
from neural_style.engine import KERNEL_VARIABLE
from neural_style.neural_style import main
from neural_style.system.resources import anonymous_memory, lies_in_memory

safetensors = pytest.importorskip("safetensors.numpy")
pytest.importorskip(
    "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
)

MakePicture = Callable[..., Image.Image]

MIB = 2**20
ROOT = Path(__file__).resolve().parents[2]
SIDE = 1000  # px: the memory that painting takes, at the official width, is some 61 MiB
LIMIT = 56 * MIB  # below that, and above what is taken besides, the loaded style included

needs_linux = pytest.mark.skipif(
    anonymous_memory() is None, reason="this system does not tell a process's anonymous memory"
)


@pytest.fixture(scope="module")
def wide_path(make_state: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style of random weights, of the official width."""
    path = tmp_path_factory.mktemp("wide") / "wide.safetensors"
    state = {name: value.numpy() for name, value in make_state(32).items()}
    path.write_bytes(safetensors.save(state))
    return path


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none for what can be in a file."""
    monkeypatch.setattr("neural_style.backends.arena.free_memory", lambda limit: 0)


# Memory

KEEP_LIMIT = """
import sys
from neural_style import load, load_picture, save_picture
from neural_style.system.resources import anonymous_memory

model_path, picture_path, output_path, size = sys.argv[1:]
picture, taken, told = load_picture(picture_path), [], []
load(model_path)
limit = anonymous_memory() + int(size)
style = load(model_path, threads=1, memory=limit, notify=told.append)
painted = style(picture, lambda done, total: taken.append(anonymous_memory()))
save_picture(painted, output_path)
print(len(taken) > 1, max(taken) <= limit, len(told))
"""


@needs_linux
def test_a_limit_of_memory_is_kept_and_changes_no_bit(
    wide_path: Path, make_picture: MakePicture, temporary_folder: Path, tmp_path: Path
) -> None:
    picture = make_picture(SIDE, SIDE)
    picture.save(tmp_path / "picture.png")
    paths = [wide_path, tmp_path / "picture.png", tmp_path / "painted.png"]
    done = subprocess.run(
        [sys.executable, "-c", KEEP_LIMIT, *map(str, paths), str(LIMIT)],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary_folder)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.stdout == "True True 1\n"
    assert neural_style.load_picture(tmp_path / "painted.png") == load(wide_path)(picture)


def test_a_file_takes_the_place_of_memory_and_leaves_nothing_behind(
    checkpoint_path: Path,
    make_picture: MakePicture,
    temporary_folder: Path,
    short_memory: None,
) -> None:
    told: list[str] = []
    style = load(checkpoint_path, notify=told.append)
    seen: list[list[Path]] = []
    for _ in range(2):
        style(make_picture(), lambda *_: seen.append(list(temporary_folder.iterdir())))
    assert [str(temporary_folder) in line for line in told] == [True]  # once, for both
    if sys.platform != "win32":  # where files cannot be removed while they are open
        assert seen and not any(seen)
    assert list(temporary_folder.iterdir()) == []


@needs_linux
def test_a_limit_that_no_file_can_help_is_an_error(
    checkpoint_path: Path, make_picture: MakePicture
) -> None:
    style = load(checkpoint_path, memory=1)
    with pytest.raises(
        DeviceError, match=r"small\..*: expected a limit of at least .*\(--memory\)"
    ):
        style(make_picture())


@pytest.mark.parametrize(("besides", "is_in_file"), [(30, False), (60, True)])
def test_what_is_taken_besides_counts(
    besides: int, is_in_file: bool, temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neural_style.system.resources.anonymous_memory", lambda: 10)
    told: list[str] = []
    with Arena(100, told.append).lend(50, besides) as memory:
        assert memory.size >= 50
    assert (told != []) is is_in_file


def test_a_painting_counts_what_another_has_not_touched_yet(
    temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neural_style.system.resources.anonymous_memory", lambda: 10)
    told: list[str] = []
    first, second = Arena(100, told.append), Arena(100, told.append)
    with first.lend(40, 10), second.lend(40, 10):
        assert len(told) == 1
    with second.lend(40, 10):
        assert len(told) == 1


def test_what_is_taken_besides_has_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neural_style.system.resources.anonymous_memory", lambda: 10)
    with (
        pytest.raises(DeviceError, match=r"at least 101 bytes .* 10 bytes are taken"),
        Arena(100, print).lend(1, 91),
    ):
        pass


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system fills files instead")
def test_a_full_disk_is_an_error_with_a_remedy(
    checkpoint_path: Path,
    make_picture: MakePicture,
    temporary_folder: Path,
    short_memory: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(DeviceError, match=r"No space left on device\).*TMPDIR"):
        load(checkpoint_path)(make_picture())
    assert list(temporary_folder.iterdir()) == []


def test_space_is_taken_where_it_cannot_be_reserved(
    checkpoint_path: Path,
    make_picture: MakePicture,
    short_memory: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = load(checkpoint_path)(make_picture())
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    assert load(checkpoint_path)(make_picture()) == expected


def test_a_temporary_folder_in_memory_is_of_no_help(
    checkpoint_path: Path,
    make_picture: MakePicture,
    short_memory: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not lies_in_memory("/dev/shm"):
        pytest.skip("this machine has no file system in memory at /dev/shm")
    monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")
    with pytest.raises(DeviceError, match=r"/dev/shm.* lies in memory, too; .*TMPDIR"):
        load(checkpoint_path)(make_picture())


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_limit_that_no_temporary_file_can_keep_is_named_with_a_remedy(
    in_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neural_style.backends.arena.lies_in_memory", lambda folder: in_memory)
    monkeypatch.setattr("neural_style.system.resources.anonymous_memory", lambda: 10)
    monkeypatch.setattr("neural_style.backends.arena._reserve", Mock(side_effect=OSError("full")))
    with (
        pytest.raises(DeviceError, match=r"the limit of 100 bytes .*allow more \(--memory\), "),
        Arena(100, print).lend(1000, 0),
    ):
        pass


def test_what_the_machine_has_not_is_not_said_of_the_limit(
    short_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neural_style.system.resources.anonymous_memory", lambda: 10)
    monkeypatch.setattr("neural_style.backends.arena._reserve", Mock(side_effect=OSError("full")))
    with pytest.raises(DeviceError) as caught, Arena(100, print).lend(1000, 0):
        pass
    assert "memory is short of 1.0 kB" in str(caught.value)
    assert "--memory" not in str(caught.value)


@needs_linux
def test_memory_is_kept_for_the_next_picture_and_given_back(
    wide_path: Path, make_picture: MakePicture
) -> None:
    style = load(wide_path, threads=1)
    style(make_picture(SIDE, SIDE))
    kept = anonymous_memory() or 0
    style.release()
    assert kept - (anonymous_memory() or 0) > LIMIT


def test_a_style_paints_after_its_memory_was_given_back(
    checkpoint_path: Path, make_picture: MakePicture
) -> None:
    style = load(checkpoint_path)
    before = style(make_picture())
    style.release()
    assert style(make_picture()) == before


def test_pictures_of_several_sizes_do_not_disturb_each_other(
    checkpoint_path: Path, make_picture: MakePicture
) -> None:
    style = load(checkpoint_path)
    small, large = make_picture(9, 9), make_picture(90, 70)
    first = style(large)
    style(small)
    assert style(large) == first


# Threads


def test_two_styles_paint_at_once(
    checkpoint_path: Path, wide_path: Path, make_picture: MakePicture
) -> None:
    picture = make_picture(70, 50)
    styles = [load(path, threads=2) for path in (checkpoint_path, wide_path)] * 8
    alone = [style(picture) for style in styles[:2]] * 8
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda style: style(picture), styles))
    assert together == alone


@pytest.mark.parametrize("threads", [0, -1, 1025])
def test_no_threads_or_too_many_are_an_error(threads: int, checkpoint_path: Path) -> None:
    with pytest.raises(ValueError, match=f"expected 1 to 1024 threads, got {threads}"):
        load(checkpoint_path, threads=threads)


def test_a_kernel_that_cannot_run_is_answered_with_those_that_can(
    checkpoint_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KERNEL_VARIABLE, "abacus")
    with pytest.raises(DeviceError, match=f"{KERNEL_VARIABLE} to name .*portable.* got 'abacus'"):
        load(checkpoint_path)


# Progress and interruption


def test_progress_ends_with_the_last_pass(wide_path: Path, make_picture: MakePicture) -> None:
    seen: list[tuple[int, int]] = []
    load(wide_path)(make_picture(400, 300), lambda *state: seen.append(state))
    assert seen == sorted(seen)
    assert seen[-1] == (16, 16)


@pytest.mark.parametrize("kind", [LookupError, MemoryError, RuntimeError])
def test_what_progress_raises_ends_the_painting(
    kind: type[Exception], wide_path: Path, make_picture: MakePicture
) -> None:
    enough = kind("enough")

    def refuse(done: int, total: int) -> None:
        raise enough

    style = load(wide_path)
    with pytest.raises(kind) as raised:
        style(make_picture(400, 300), refuse)
    assert raised.value is enough
    assert style(make_picture(20, 20)).size == (20, 20)


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal: ours, and the program's."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def test_ctrl_c_ends_eval_at_once_and_leaves_nothing_behind(
    wide_path: Path, make_picture: MakePicture, tmp_path: Path, terminal: tuple[int, int]
) -> None:
    make_picture(3000, 2000).save(tmp_path / "large.bmp")
    before = sorted(tmp_path.iterdir())
    ours, theirs = terminal
    command = [sys.executable, "-m", "neural_style", "eval", "--model", wide_path, "--threads=1"]
    command += ["--content-image", tmp_path / "large.bmp", "--output-image", tmp_path / "out.png"]
    slowest = os.environ | {KERNEL_VARIABLE: "portable", "TMPDIR": str(tmp_path)}
    painting = subprocess.Popen(
        command, cwd=ROOT, env=slowest, stdout=subprocess.PIPE, stderr=theirs, text=True
    )
    os.close(theirs)
    said = b""
    while b"painting [" not in said:  # from a second on
        said += os.read(ours, 1000)
    painting.send_signal(signal.SIGINT)
    output, _ = painting.communicate(timeout=30)
    said += read_rest(ours)
    assert (painting.returncode, output) == (130, "")
    assert said.endswith(b"\r\x1b[Kinterrupted\r\n"), said
    assert sorted(tmp_path.iterdir()) == before


def read_rest(terminal: int) -> bytes:
    said = b""
    while True:
        try:
            part = os.read(terminal, 1000)
        except OSError:  # so Linux says that the other end is closed
            return said
        if not part:
            return said
        said += part


def test_no_bar_is_shown_where_nobody_looks(
    picture_path: Path, checkpoint_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--content-image", picture_path, "--model", checkpoint_path]
    output = ["--output-image", tmp_path / "painted.png"]
    assert main(["eval", *map(str, arguments + output)]) == 0
    assert capsys.readouterr().err == ""


# Without PyTorch


@pytest.mark.parametrize("command", ["eval", "inspect"])
def test_a_style_that_was_read_once_needs_no_pytorch(
    command: str, checkpoint_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    load(checkpoint_path)
    arguments = [command, f"--model={checkpoint_path}"]
    if command == "eval":
        arguments += [f"--content-image={picture_path}", f"--output-image={tmp_path / 'out.png'}"]
    program = (
        "import sys; from neural_style.neural_style import main\n"
        "code = main(sys.argv[1:])\n"
        "heavy = {'torch', 'openvino', 'onnx'} & sys.modules.keys()\n"
        "sys.exit(code or ' '.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_safetensors_need_no_pytorch(
    wide_path: Path, picture_path: Path, tmp_path: Path, make_picture: MakePicture
) -> None:
    output_path = tmp_path / "out.png"
    program = (
        "import sys; sys.modules['torch'] = sys.modules['openvino'] = None\n"
        "from neural_style.neural_style import main; sys.exit(main(sys.argv[1:]))"
    )
    paths = [f"--model={wide_path}", f"--content-image={picture_path}"]
    subprocess.run(
        [sys.executable, "-c", program, "eval", *paths, f"--output-image={output_path}"],
        cwd=ROOT,
        check=True,
    )
    assert neural_style.load_picture(output_path) == load(wide_path)(make_picture())


def test_a_thread_that_outlives_the_program_prints_nothing(wide_path: Path) -> None:
    program = (
        "import sys, threading, neural_style\n"
        "def hold(style): threading.Event().wait()\n"
        "style = neural_style.load(sys.argv[1])\n"
        "threading.Thread(target=hold, args=(style,), daemon=True).start()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(wide_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_info_names_the_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    lines = dict(
        re.split(r"\s{2,}", line, maxsplit=1) for line in capsys.readouterr().out.splitlines()
    )
    assert lines["engine"] == "C++"
    assert lines["exact"].startswith("kernel ")
    assert "portable" in lines["kernels"]
    assert int(lines["threads"]) >= 1


def test_large_pictures_are_taken_apart_and_put_together_again(
    make_picture: MakePicture, checkpoint_path: Path
) -> None:
    """More rows than are converted at once, with alpha."""
    picture = make_picture(20, 700, "RGBA")
    painted = load(checkpoint_path)(picture)
    opaque = load(checkpoint_path)(picture.convert("RGB"))
    assert (np.asarray(painted)[..., :3] == np.asarray(opaque)).all()
