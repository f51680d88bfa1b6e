"""A program ends with its parent process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from csci_utils.console import ExitCode
from neural_style.command_line.parent import PARENT_VARIABLE

BUSY = """
import time
from csci_utils.signals import interrupt_on_termination
from neural_style.command_line.parent import follow_parent
interrupt_on_termination()
follow_parent()
print("busy", flush=True)
{work}
"""

DEAF = """
while True:
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        pass
"""


def eval_json(picture: Path, checkpoint: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Paint in a program whose standard input is at its end."""
    options = (f"--content-image={picture}", f"--model={checkpoint}", f"--output-image={output}")
    return subprocess.run(
        [sys.executable, "-m", "neural_style", "eval", "--json", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_painting_ends_when_the_parent_has_ended(
    picture_path: Path, checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PARENT_VARIABLE, "stdin")

    ended = eval_json(picture_path, checkpoint_path, tmp_path / "out.png")

    assert ended.returncode == ExitCode.INTERRUPTED
    assert not (tmp_path / "out.png").exists()


def test_standard_input_is_ignored_unless_a_parent_asks(
    picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    assert eval_json(picture_path, checkpoint_path, tmp_path / "out.png").returncode == 0


@pytest.mark.parametrize(("work", "code"), [("time.sleep(600)", 1), (DEAF, ExitCode.INTERRUPTED)])
def test_a_program_lives_as_long_as_its_parent(
    work: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PARENT_VARIABLE, "stdin")
    script = BUSY.format(work=work)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdout.readline()
        assert program.poll() is None

        program.stdin.close()

        assert program.wait(60) in (code, -2)  # an unhandled KeyboardInterrupt: by SIGINT
