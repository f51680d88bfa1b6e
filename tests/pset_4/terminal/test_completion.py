"""What shells complete, as they ask for it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import pset_4.cli
from tests.support.pipeline.projects import Project


def complete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str) -> str:
    """Return what bash would offer for the last word of a line, one a line."""
    monkeypatch.setenv("_PSET_4_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    assert pset_4.cli.main([]) == 0
    return capsys.readouterr().out


@pytest.fixture
def here(directory_project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose remote and data folder are those of the environment."""
    monkeypatch.setenv("PSET_4_DATA", str(directory_project.data))
    monkeypatch.setenv("PSET_4_REMOTE", directory_project.remote_url)
    for name in ("lisbon/tram.jpg", "coffee.png", "candy.pth", ".hidden.png", "notes.txt"):
        directory_project.drop(name, b"")
    for path in (
        Path(directory_project.remote_url, "images", "remote.png"),
        directory_project.data / "saved_models" / "cached.pth",
        directory_project.data / "stylized" / "candy.pth" / "lisbon" / "tram.jpg",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return directory_project


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pset_4 -i ", ["coffee.png", "lisbon/tram.jpg", "remote.png"]),
        ("pset_4 main --image li", ["lisbon/tram.jpg"]),
        ("pset_4 main --image lisbon/t", ["lisbon/tram.jpg"]),
        ("pset_4 stylize --style ca", ["cached.pth", "candy.pth"]),
        ("pset_4 download --exclude c", ["cached.pth", "candy.pth", "coffee.png"]),
        ("pset_4 remove coffee.png ca", ["cached.pth", "candy.pth"]),
        ("pset_4 replace co", ["coffee.png"]),
        ("pset_4 explain ca", ["candy.pth/lisbon/tram.jpg"]),
        ("pset_4 main --like candy.pth/l", ["candy.pth/lisbon/tram.jpg"]),
        ("pset_4 sta", ["status"]),
        ("pset_4 main --uploads /nowhere --image c", []),
    ],
)
@pytest.mark.usefixtures("here")
def test_names_and_commands_are_completed(
    line: str,
    offered: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert complete(monkeypatch, capsys, line).split() == [f"plain,{name}" for name in offered]


def test_s3_is_not_asked(
    here: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PSET_4_REMOTE", "s3://bucket/prefix")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    assert complete(monkeypatch, capsys, "pset_4 -i c") == "plain,coffee.png\n"


@pytest.mark.parametrize("start", ["main", "replace coffee.png", "explain", "main --like"])
@pytest.mark.usefixtures("here")
def test_files_are_left_to_the_shell(
    start: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert complete(monkeypatch, capsys, f"pset_4 {start} ~/pho") == "file,~/pho\n"


def test_the_script_for_bash_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("there is no bash")
    monkeypatch.setenv("_PSET_4_COMPLETE", "bash_source")
    assert pset_4.cli.main([]) == 0
    script = capsys.readouterr().out

    subprocess.run([shell, "-n"], input=script, text=True, check=True)
    assert " pset_4\n" in script
