"""Fixtures of the submission's tests: a Canvas server, and a repository with work to submit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.canvas import COURSE, TOKEN, Canvas, serve_canvas
from tests.support.pipeline.submissions import Repository, create_repository, isolate_git


@pytest.fixture(autouse=True)
def isolated_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of the machine do not reach the test."""
    isolate_git(monkeypatch, tmp_path / "no-home")


@pytest.fixture
def canvas() -> Iterator[Canvas]:
    """A Canvas server with the course, its assignment and its quiz."""
    with serve_canvas() as canvas:
        yield canvas


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that each test gets a copy of."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch, folder)
        return create_repository(folder / "work", folder / "server.git").folder


@pytest.fixture
def repository(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with work to submit; its folder is the current one."""
    repository = Repository(tmp_path / "work")
    shutil.copytree(template, repository.folder)
    monkeypatch.chdir(repository.folder)
    return repository


@pytest.fixture
def student(repository: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The repository of a student who has made all settings."""
    monkeypatch.setenv("CANVAS_URL", canvas.url)
    monkeypatch.setenv("CANVAS_TOKEN", TOKEN)
    monkeypatch.setenv("CANVAS_COURSE", COURSE["name"])
    monkeypatch.setenv("CANVAS_ASSIGNMENT", "Pset 4")
    monkeypatch.setenv("CANVAS_QUIZ", "Pset 4 Answers")
    monkeypatch.setenv("PSET_4_HOURS", "12")
    return repository
