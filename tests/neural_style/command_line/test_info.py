"""The commands `info` and `inspect`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from neural_style.neural_style import main
from tests.support.command_line import read_events


def test_info_names_the_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)

    assert main(["info"]) == 0

    lines = dict(
        re.split(r"\s{2,}", line, maxsplit=1) for line in capsys.readouterr().out.splitlines()
    )
    assert lines["engine"] == "C++"
    assert lines["exact"].startswith("kernel ")
    assert "portable" in lines["kernels"]
    assert int(lines["threads"]) >= 1


def test_info_refuses_an_unknown_device(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")

    assert main(["info", "--device", "abacus"]) == 1

    assert "'abacus' does not exist" in capsys.readouterr().err


DESCRIPTION: dict[str, Any] = {
    "base_width": 8,
    "count": None,
    "channels": [8, 16, 32, 16, 8],
    "blocks": 5,
    "output": "levels",
    "notes": {},
}


def test_inspect_describes_a_checkpoint(
    checkpoint_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", f"--model={checkpoint_path}"]) == 0

    assert json.loads(capsys.readouterr().out) == DESCRIPTION


def test_inspect_wraps_its_answer_with_json(
    checkpoint_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", f"--model={checkpoint_path}", "--json"]) == 0

    assert read_events(capsys.readouterr().out) == [{"result": DESCRIPTION}]


def test_inspect_has_an_exit_code_for_what_is_not_a_style(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(b"not found")

    assert main(["inspect", f"--model={path}"]) == 3

    assert capsys.readouterr().err.startswith(f"error: {path}: expected ")


def test_a_missing_file_is_no_answer_of_inspect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.pth"

    assert main(["inspect", f"--model={path}"]) == 1

    assert capsys.readouterr().err.startswith(f"error: {path}: there is no such file")


def test_inspect_describes_what_is_not_a_style_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(b"")

    assert main(["inspect", f"--model={path}", "--json"]) == 3

    assert read_events(capsys.readouterr().out) == [
        {
            "error": {
                "type": "StyleError",
                "path": str(path),
                "reason": "expected a style model, got an empty file of 0 bytes",
                "remedy": "copy it again",
            }
        }
    ]
