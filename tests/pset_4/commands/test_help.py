"""The help, and what a command needs to start."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from pset_4.cli import cli
from tests.support.pipeline.programs import run_without
from tests.support.pipeline.projects import Project, assert_failed

COMMANDS = (
    "main",
    "stylize",
    "watch",
    "upload",
    "download",
    "status",
    "imitate",
    "demo",
    "gallery",
    "sheet",
    "package",
    "models",
    "submit",
)
HEAVY = ("torch", "numpy", "openvino", "PIL", "luigi", "boto3", "rich", "watchfiles")

IMPORTED_BY = f"""
import sys
from pset_4.cli import cli
cli(["--help"], standalone_mode=False)
for command in sys.argv[1:]:
    cli([command, "--help"], standalone_mode=False)
    if imported := {set(HEAVY)} & set(sys.modules):
        sys.exit(f"{{command}} imported {{imported}}")
"""
"""A program that fails with the first command whose help imported heavy modules."""


def test_help_imports_nothing_heavy() -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORTED_BY, *COMMANDS], capture_output=True, text=True
    )

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_lists_the_command(command: str) -> None:
    assert f"\n  {command} " in CliRunner().invoke(cli, ["--help"]).stdout


@pytest.mark.parametrize("words", [[], ["main"], ["bulk"], ["bulk", "status"], ["models", "list"]])
def test_help_fits_a_narrow_terminal(words: list[str]) -> None:
    result = CliRunner().invoke(cli, [*words, "--help"], env={"COLUMNS": "40"})

    assert [line for line in result.stdout.splitlines() if len(line) > 40] == []


@pytest.mark.parametrize("arguments", [[], ["main"], ["models", "list"], ["submit"]])
def test_h_is_short_for_help(arguments: list[str]) -> None:
    short, long = (CliRunner().invoke(cli, [*arguments, word]).output for word in ("-h", "--help"))

    assert short.startswith("Usage: ")
    assert short == long


def test_the_version_has_a_short_flag() -> None:
    short, long = (CliRunner().invoke(cli, [flag]) for flag in ("-V", "--version"))

    assert short.exit_code == 0
    assert ", version " in short.stdout
    assert short.stdout == long.stdout


def test_python_m_runs_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    command = [sys.executable, "-m", "pset_4", "status", "--json"]

    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)

    assert json.loads(result.stdout)["remote"] == str(tmp_path / "data" / "remote")


@pytest.mark.parametrize("command", ["main", "stylize", "upload"])
def test_a_missing_luigi_is_named_first(command: str) -> None:
    result = run_without(["luigi"], [command])

    assert result.returncode == 1
    assert result.stderr.startswith("Error: not installed: luigi")


def test_a_missing_luigi_is_named_in_json_too() -> None:
    result = run_without(["luigi"], ["main", "--json"])

    assert json.loads(result.stdout)["error"]["reason"].startswith("not installed: luigi")
    assert result.stderr.startswith("Error: not installed: luigi")


def test_a_missing_package_is_named_with_the_remedy(
    directory_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pset_4.commands.session.find_spec",
        lambda name: None if name == "boto3" else find_spec(name),
    )

    assert_failed(directory_project.run("main"), "not installed: boto3; run ")
