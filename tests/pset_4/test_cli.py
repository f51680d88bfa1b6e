"""The command line itself: help, status, what it says, how it ends."""

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from pset_4.cli import cli

COMMANDS = [
    "main",
    "stylize",
    "upload",
    "download",
    "status",
    "demo",
    "package",
    "models",
    "submit",
]
HEAVY = ["torch", "numpy", "openvino", "PIL", "luigi", "boto3", "tqdm"]


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from pset_4.cli import cli; cli(sys.argv[1:], standalone_mode=False); "
        f"sys.exit(', '.join(set({HEAVY}) & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_lists_the_command(command: str) -> None:
    assert f"\n  {command} " in CliRunner().invoke(cli, ["--help"]).stdout


@pytest.mark.parametrize("arguments", [[], ["main"], ["models", "list"], ["submit"]])
def test_h_is_help(arguments: list[str]) -> None:
    said = [CliRunner().invoke(cli, [*arguments, option]).output for option in ("-h", "--help")]
    assert (said[0], said[0][:7]) == (said[1], "Usage: ")


def test_python_m_runs_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pset_4", "status", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert json.loads(result.stdout)["remote"] == str(tmp_path / "data" / "remote")


def test_the_embedded_default_is_said_on_the_screen() -> None:
    result = CliRunner().invoke(cli, ["status"])
    assert "remote: data/remote (embedded default" in result.stderr


def test_a_configured_remote_is_not_called_the_default(project: Any) -> None:
    assert "default" not in project.run("status").stderr


@pytest.mark.parametrize("place", ["before", "after"])
def test_common_options_stand_before_or_after_the_command(place: str) -> None:
    options = ["--data", "elsewhere"]
    arguments = [*options, "status"] if place == "before" else ["status", *options]
    result = CliRunner().invoke(cli, [*arguments])
    assert "\ndata    elsewhere\n" in result.stdout


def test_without_a_command_main_is_run(project: Any, photograph: bytes, model: bytes) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    assert project.run_well()["painted"] == 1


def test_main_says_what_it_does_and_where(project: Any, photograph: bytes, model: bytes) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    result = project.run("main")
    # The picture's road and the model's do not wait for each other. A note says so where the C++
    # engine was not compiled.
    told = [line for line in result.stderr.splitlines() if not line.startswith("note: ")]
    assert sorted(told) == [
        "fetched images/photo.jpg",
        "fetched saved_models/one.pth",
        "painted stylized/one.pth/photo.jpg",
        "published images/photo.jpg",
        "published saved_models/one.pth",
        "published stylized/one.pth/photo.jpg",
    ]
    assert result.stdout.splitlines() == [
        "painted        1  machine/data/stylized",
        f"published      3  {project.remote_url.removeprefix(f'{project.folder.parent}/')}",
        "fetched        2  machine/data",
        "skipped        0  already there",
        "failed         0  asked for and not done",
    ]


def test_upload_publishes_and_paints_nothing(
    project: Any, store: Any, photograph: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    assert project.run_well("upload")["published"] == 2
    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]


def test_upload_publishes_only_what_is_named(
    project: Any, store: Any, photograph: bytes, drawing: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("drawing.png", drawing)
    project.run_well("upload", "--image", "drawing.png")
    assert store.list() == ["images/drawing.png"]


def test_upload_without_drop_ins_does_nothing(project: Any, store: Any) -> None:
    assert project.run_well("upload")["published"] == 0
    assert store.list() == []


def test_download_fetches_all_that_the_remote_has(
    project: Any, store: Any, photograph: bytes, model: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/one.pth", model)
    assert project.run_well("download")["fetched"] == 2
    assert (project.data / "images/photo.jpg").read_bytes() == photograph
    assert (project.data / "saved_models/one.pth").read_bytes() == model


def test_download_fetches_only_what_is_named(
    project: Any, store: Any, photograph: bytes, drawing: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("images/drawing.png", drawing)
    project.run_well("download", "--image", "photo.jpg")
    assert project.files("images") == ["images/photo.jpg"]


def test_status_tells_where_everything_is(
    project: Any, store: Any, photograph: bytes, drawing: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    project.run_well("main")
    project.drop("new.png", drawing)
    store.write("images/theirs.png", drawing)
    assert project.status() == {
        "data": str(project.data),
        "remote": project.remote_url,
        "pictures": [
            {"name": "new.png", "drop_in": "yes", "remote": None, "cache": None},
            {"name": "photo.jpg", "drop_in": "yes", "remote": "yes", "cache": "current"},
            {"name": "theirs.png", "drop_in": None, "remote": "yes", "cache": None},
        ],
        "models": [{"name": "one.pth", "drop_in": "yes", "remote": "yes", "cache": "current"}],
        "results": [
            {"model": "one.pth", "image": "photo.jpg", "local": "current", "remote": "yes"}
        ],
        "refused": {},
    }


def test_status_shows_a_table(directory_project: Any, photograph: bytes, model: bytes) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    directory_project.run_well("main")
    assert directory_project.run("status").stdout.splitlines() == [
        "remote  remote-directory",
        "data    machine/data",
        "",
        "PICTURES   drop-in  remote  cache",
        "photo.jpg  yes      yes     current",
        "",
        "STYLES   drop-in  remote  cache",
        "one.pth  yes      yes     current",
        "",
        "RESULTS            local    remote",
        "one.pth/photo.jpg  current  yes",
    ]


def test_status_of_nothing_is_empty(project: Any) -> None:
    status = project.status()
    assert (status["pictures"], status["models"], status["results"]) == ([], [], [])


def test_status_tells_of_what_cannot_be_published(project: Any) -> None:
    project.drop("notes.txt", b"")
    assert list(project.status()["refused"]) == ["notes.txt"]


def test_a_package_that_is_missing_is_named_with_the_remedy(
    directory_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pset_4.commands.session.find_spec",
        lambda name: None if name == "boto3" else find_spec(name),
    )
    result = directory_project.run("main")
    assert (result.exit_code, "not installed: boto3; run pip install" in result.stderr) == (1, True)


def test_debug_shows_the_traceback(project: Any) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pset_4", "--debug", "--remote", "x/y/z", "status"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in result.stderr


def test_a_wrong_setting_ends_with_one_line_and_exit_code_2() -> None:
    result = CliRunner().invoke(cli, ["--remote", "https://somewhere", "status"])
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert result.stderr.startswith("error: remote 'https://somewhere'")


@pytest.mark.parametrize(
    "option", ["--content-scale=0", "--content-scale=nan", "--content-scale=inf", "--max-side=0"]
)
def test_an_impossible_number_is_a_usage_error(project: Any, option: str) -> None:
    assert project.run("main", option).exit_code == 2


@pytest.mark.parametrize("option", ["--image", "--model"])
def test_a_name_that_is_given_twice_counts_once(
    option: str, directory_project: Any, drawing: bytes, model: bytes
) -> None:
    name, content = {"--image": ("a.png", drawing), "--model": ("a.pth", model)}[option]
    directory_project.drop(name, content)
    twice = [option, name, option, name]
    assert directory_project.run_well("upload", *twice)["published"] == 1
    assert directory_project.run_well("upload", *twice)["skipped"] == 1


@pytest.mark.parametrize("command", ["main", "stylize", "upload"])
def test_that_nothing_is_dropped_in_is_said(directory_project: Any, command: str) -> None:
    assert "dropped in" in directory_project.run(command).stderr


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no such signals")
def test_an_interrupted_run_says_how_to_go_on(
    directory_project: Any, many_styles: bytes, photograph: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("many.onnx", many_styles)
    # Enlarged, so that the signal comes before the last of them.
    command = directory_project.command("main", "--content-scale", "0.15")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("painted"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert (process.returncode, "run again" in rest) == (130, True), rest
    assert "Traceback" not in rest
    summary = directory_project.run_well("main", "--content-scale", "0.15")
    assert 0 < summary["painted"] < 26


INTERRUPTED_IMPORT = """
import runpy, sys

class Interrupt:
    def find_spec(name, path=None, target=None):
        if name == "pset_4.settings":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt)
runpy.run_module("pset_4", run_name="__main__", alter_sys=True)
"""


def test_an_interrupt_while_the_command_line_is_loaded_is_told_in_a_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (130, "interrupted: nothing was begun\n")


def test_names_alone_are_taken_and_paths_are_told_so(directory_project: Any) -> None:
    result = directory_project.run("main", "--image", "data/uploads/a.png")
    assert "is a path, and a name alone is expected" in " ".join(result.stderr.split())


def test_demo_drops_samples_in_and_paints_them(directory_project: Any, many_styles: bytes) -> None:
    summary = directory_project.run_well("demo", "--max-side", "64")
    assert (summary["painted"], summary["failed"]) == (4 * 26, 0)
    for path in directory_project.files("stylized"):
        with Image.open(directory_project.data / path) as result:
            assert max(result.size) == 64, path
