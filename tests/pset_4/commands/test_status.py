"""The command status."""

from __future__ import annotations

from tests.support.projects import Project
from tests.support.stores import RemoteStore


def test_status_shows_where_everything_is(
    project: Project, store: RemoteStore, photograph: bytes, drawing: bytes, model: bytes
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


def test_status_shows_tables(directory_project: Project, photograph: bytes, model: bytes) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    directory_project.run_well("main")

    result = directory_project.run("status")

    assert result.stdout.splitlines() == [
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


def test_status_of_an_empty_project_is_empty(project: Project) -> None:
    status = project.status()

    assert (status["pictures"], status["models"], status["results"]) == ([], [], [])


def test_status_lists_what_cannot_be_published(project: Project) -> None:
    project.drop("notes.txt", b"")

    assert list(project.status()["refused"]) == ["notes.txt"]
