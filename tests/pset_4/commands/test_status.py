"""The command status."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.pipeline.projects import Project, assert_failed
from tests.support.remotes.stores import RemoteStore


def test_status_shows_where_everything_is(
    filled_project: Project, store: RemoteStore, drawing: bytes
) -> None:
    filled_project.run_well("main")
    filled_project.drop("new.png", drawing)
    store.write("images/theirs.png", drawing)

    assert filled_project.status() == {
        "data": str(filled_project.data),
        "remote": filled_project.remote_url,
        "images": [
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


def test_an_empty_status_says_how_to_begin(directory_project: Project) -> None:
    hint = directory_project.run("status").stdout.splitlines()[-1]

    assert "machine/data/uploads" in hint
    assert hint.endswith(directory_project.name_command("demo"))
    assert "next" not in directory_project.status()


@pytest.mark.parametrize("command", ["status", "download"])
@pytest.mark.parametrize("name", ["PSET_4_THREADS", "PSET_4_RUNNER"])
def test_wrong_settings_of_what_paints_do_not_matter(
    directory_project: Project, command: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "nonsense")

    assert directory_project.run(command).exit_code == 0


def test_status_shows_tables(directory_project: Project, photograph: bytes, model: bytes) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    directory_project.run_well("main")

    result = directory_project.run("status")

    assert result.stdout.splitlines() == [
        "remote  remote-directory",
        "data    machine/data",
        "",
        "IMAGES     drop-in  remote  cache",
        "photo.jpg  yes      yes     current",
        "",
        "MODELS   drop-in  remote  cache",
        "one.pth  yes      yes     current",
        "",
        "RESULTS            local    remote",
        "one.pth/photo.jpg  current  yes",
    ]


def test_status_of_an_empty_project_is_empty(project: Project) -> None:
    status = project.status()

    assert (status["images"], status["models"], status["results"]) == ([], [], [])


def test_json_has_no_character_that_a_terminal_would_follow(project: Project) -> None:
    names = ["a\x1b.png", "b\x9b.png", "c\u202e.png", "d\U000e0001.png"]
    for name in names:
        project.drop(name, b"")

    result = project.run("status", "--json")

    assert result.stdout.replace("\n", "").isprintable()
    assert sorted(json.loads(result.stdout)["refused"]) == names


@pytest.mark.skipif(sys.platform != "linux", reason="others have no such file names")
def test_a_name_that_is_no_text_is_listed(project: Project) -> None:
    project.drop("\udcff.png", b"")

    assert list(project.status()["refused"]) == ["\udcff.png"]


def test_an_empty_file_of_the_remote_is_called_empty(project: Project, store: RemoteStore) -> None:
    store.write("images/empty.png", b"")

    result = project.run("download")

    assert_failed(result, f"{store.url}/images/empty.png: the file in the remote is empty; remove")
    assert "empty.png  -        empty   -" in project.run("status").stdout


def test_an_empty_model_of_the_remote_is_listed_as_empty(
    project: Project, store: RemoteStore
) -> None:
    store.write("saved_models/empty.pth", b"")

    result = project.run("models", "list")

    assert result.exit_code == 0
    assert "got an empty file" in result.stdout


def test_status_lists_what_cannot_be_published(project: Project) -> None:
    project.drop("notes.txt", b"")

    assert list(project.status()["refused"]) == ["notes.txt"]
