"""A ``luigi.cfg`` in the current folder changes no command of this project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import luigi
import pytest
from luigi.setup_logging import InterfaceLogging

from pset_4.execution.luigi_configuration import luigi_without_files
from tests.support.pipeline.projects import Project

FOREIGN = {
    "options": """
[core]
workers = 4
parallel-scheduling = true
default-scheduler-url = http://192.0.2.1:1/
logging_conf_file = nowhere.cfg
take_lock = true
lock_pid_dir = /nowhere
[worker]
force_multiprocessing = true
timeout = 1
task_limit = 1
keep_alive = true
wait_interval = 60
max_reschedules = 0
[scheduler]
record_task_history = true
retry_count = 0
[task_history]
db_connection = sqlite:////nowhere/history.db
[email]
force_send = true
receiver = a@example.org
method = smtp
[smtp]
host = 192.0.2.1
[resources]
cpu = none
[retcode]
task_failed = 99
unhandled_exception = 98
[UploadImage]
image = nowhere.png
""",
    "values": "[core]\nworkers = many\nautoload_range = perhaps\n[worker]\ntimeout = long\n",
    "reference": "[core]\nautoload_range = ${NOWHERE}\n",
    "no section": "workers = 4\n",
    "binary": "\xff\xfe\x00",
}
"""Configurations that would change, delay or break a command."""


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_command_runs_beside_a_foreign_configuration(
    directory_project: Project, drawing: bytes, kind: str
) -> None:
    Path("luigi.cfg").write_text(FOREIGN[kind], encoding="latin-1")
    directory_project.drop("drawing.png", drawing)

    result = directory_project.run_apart("upload")

    assert (result.returncode, result.stderr) == (0, "published images/drawing.png\n")
    assert "published      1  " in result.stdout


def test_a_failure_has_this_project_s_exit_code(directory_project: Project) -> None:
    Path("luigi.cfg").write_text("[retcode]\ntask_failed = 99\n[email]\nforce_send = true\n")

    names = ("--image", "nowhere.png", "--model", "none.pth")
    result = directory_project.run_apart("main", *names)

    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "/images/nowhere.png: " in result.stderr


def test_an_error_is_one_line_beside_a_damaged_configuration(directory_project: Project) -> None:
    Path("luigi.cfg").write_text("no section")

    result = subprocess.run(
        [sys.executable, "-m", "pset_4", "submit", "--dry-run"], capture_output=True, text=True
    )

    assert result.returncode != 0
    assert "Traceback" not in result.stderr and "no section" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_configuration_that_a_variable_names_changes_nothing_either(
    directory_project: Project, drawing: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("other.cfg").write_text("no section")
    monkeypatch.setenv("LUIGI_CONFIG_PATH", "other.cfg")
    monkeypatch.setenv("LUIGI_CONFIG_PARSER", "toml")
    directory_project.drop("drawing.png", drawing)

    assert directory_project.run_apart("upload").returncode == 0


def test_luigi_s_own_configuration_is_back_afterwards() -> None:
    luigi.configuration.get_config().set("made up", "value", "1")

    with luigi_without_files():
        inside = luigi.configuration.get_config().has_option("made up", "value")

    assert not inside
    assert luigi.configuration.get_config().has_option("made up", "value")
    luigi.configuration.get_config().remove_section("made up")


def test_the_variables_are_back_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUIGI_CONFIG_PARSER", "cfg")

    with luigi_without_files():
        pass

    assert "LUIGI_CONFIG_PARSER" in os.environ


def test_luigi_does_not_log_if_others_imported_it_first(
    directory_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InterfaceLogging, "_configured", False)

    result = directory_project.run("main", "--image", "missing.png", "--model", "missing.pth")

    words = [line.partition(" ")[0] for line in result.stderr.splitlines()]
    assert words == ["failed:", "failed:", "gallery:"]


def test_luigi_says_nothing_of_names_with_brackets(
    directory_project: Project, drawing: bytes
) -> None:
    directory_project.drop("drawing [1].png", drawing)
    directory_project.run_well("upload")

    result = directory_project.run_apart("status")

    assert (result.returncode, result.stderr) == (0, "")
    assert "drawing [1].png" in result.stdout
