"""Options that all commands share, and mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pset_4.cli import cli
from tests.support.pipeline.projects import Project


@pytest.mark.parametrize(
    "arguments", [("--data", "elsewhere", "status"), ("status", "--data", "elsewhere")]
)
def test_common_options_stand_before_or_after_the_command(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()

    result = CliRunner().invoke(cli, arguments)

    assert "\ndata    elsewhere\n" in result.stdout


def test_the_default_remote_is_announced() -> None:
    first = CliRunner().invoke(cli, ["status"])
    Path("data", "remote").mkdir(parents=True)
    second = CliRunner().invoke(cli, ["status"])

    assert "remote: data/remote (embedded default" in first.stderr
    assert second.stderr.splitlines()[0] == "remote: data/remote"


def test_a_configured_remote_is_not_called_the_default(project: Project) -> None:
    result = project.run("status")

    assert result.exit_code == 0
    assert "default" not in result.stderr


def test_debug_shows_the_traceback_of_a_wrong_setting_with_exit_code_2() -> None:
    result = CliRunner().invoke(cli, ["--debug", "--remote", "gs://x", "status"])

    assert result.exit_code == 2
    assert "Traceback" in result.stderr


def test_a_wrong_setting_is_reported_in_one_line_with_exit_code_2() -> None:
    result = CliRunner().invoke(cli, ["--remote", "https://somewhere", "status"])

    (line,) = result.stderr.splitlines()
    assert result.exit_code == 2
    assert line.startswith("error: remote 'https://somewhere'")


@pytest.mark.parametrize("option", ["--image", "--model"])
def test_a_name_that_is_given_twice_counts_once(
    option: str, directory_project: Project, drawing: bytes, model: bytes
) -> None:
    name, content = {"--image": ("a.png", drawing), "--model": ("a.pth", model)}[option]
    directory_project.drop(name, content)
    twice = [option, name, option, name]

    first = directory_project.run_well("upload", *twice)
    second = directory_project.run_well("upload", *twice)

    assert (first["published"], second["skipped"]) == (1, 1)


@pytest.mark.parametrize("path", ["Pictures", "./Pictures/", "nowhere/Pictures"])
def test_a_path_without_a_command_is_taken_for_a_file(path: str, tmp_path: Path) -> None:
    (tmp_path / "Pictures").mkdir()

    result = CliRunner().invoke(cli, [path])

    reason = "there is no such file" if path.startswith("nowhere") else "a folder; name the files"
    assert result.exit_code == 2
    assert f"error: {path}: {reason}" in result.stderr


def test_an_option_without_its_value_is_named() -> None:
    result = CliRunner().invoke(cli, ["--uploads"])

    assert result.exit_code == 2
    assert "Option '--uploads' requires an argument" in result.stderr
