"""The options --json and --quiet, and the summary that people read instead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.pipeline.projects import Project, failures
from tests.support.remotes.stores import DirectoryStore, RemoteStore


@pytest.fixture
def mixed(
    project: Project, store: RemoteStore, photograph: bytes, drawing: bytes, model: bytes
) -> Project:
    """A project with a drop-in that can be painted, one in conflict, and a model."""
    store.write("images/photo.jpg", drawing)
    project.drop("photo.jpg", photograph)
    project.drop("drawing.png", drawing)
    project.drop("one.pth", model)
    return project


def run_for_json(project: Project, *arguments: str) -> dict[str, Any]:
    """Return the document that a command answers with, and nothing else, on standard output."""
    found: dict[str, Any] = json.loads(project.run(*arguments, "--json").stdout)
    return found


def test_main_lists_what_it_did_and_why_the_rest_failed(mixed: Project) -> None:
    found = run_for_json(mixed, "main")

    data, remote = str(mixed.data), mixed.remote_url
    assert {path["path"] for path in found["published"]} == {
        f"{remote}/images/drawing.png",
        f"{remote}/saved_models/one.pth",
        f"{remote}/stylized/one.pth/drawing.png",
    }
    assert found["painted"] == [{"path": f"{data}/stylized/one.pth/drawing.png", "remark": ""}]
    (failed,) = found["failed"]
    assert failed["path"] == f"{data}/uploads/photo.jpg"
    assert failed["reason"].startswith("conflict: the drop-in")
    assert failed["type"] == "ConflictError"
    assert found["blocked"] == [f"{remote}/stylized/one.pth/photo.jpg"]
    assert found["gallery"].endswith("data/gallery/index.html")


def test_counts_are_the_lengths_of_the_lists(mixed: Project) -> None:
    found = run_for_json(mixed, "upload", "--on-conflict", "replace")

    counts = found["counts"]
    assert {name: len(found[name]) for name in counts if name != "waiting"} | {
        "waiting": 0
    } == counts
    assert (counts["published"], counts["replaced"]) == (2, 1)
    assert found["replaced"][0]["path"] == f"{mixed.remote_url}/images/photo.jpg"


def test_what_is_there_already_is_skipped(mixed: Project) -> None:
    mixed.run("upload", "--image", "drawing.png")

    found = run_for_json(mixed, "upload", "--image", "drawing.png")

    assert found["skipped"] == [f"{mixed.remote_url}/images/drawing.png"]


def test_progress_stays_on_standard_error(mixed: Project) -> None:
    result = mixed.run("download", "--json")

    assert "fetched images/photo.jpg" in result.stderr
    assert "fetched images" not in result.stdout


def test_gallery_and_sheet_answer_with_paths(directory_project: Project) -> None:
    assert [
        path.rpartition("data/")[2] for path in run_for_json(directory_project, "gallery")["pages"]
    ] == ["gallery/index.html"]
    assert run_for_json(directory_project, "sheet") == {"sheets": []}


def test_the_summary_has_a_row_for_each_kind_of_line(mixed: Project) -> None:
    result = mixed.run("main")

    rows = [line.split()[:2] for line in result.stdout.splitlines()]
    assert rows == [
        ["painted", "1"],
        ["published", "3"],
        ["fetched", "2"],
        ["failed", "1"],
        ["blocked", "1"],
    ]
    for verb in ("painted", "published", "fetched"):
        lines = [line for line in result.stderr.splitlines() if line.startswith(f"{verb} ")]
        assert [verb, str(len(lines))] in rows


def test_a_run_without_anything_to_do_says_so(directory_project: Project) -> None:
    assert directory_project.run("upload").stdout == "nothing to do\n"


def test_quiet_prints_errors_only(mixed: Project) -> None:
    result = mixed.run("main", "--quiet")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == failures(result)
    assert len(failures(result)) == 1


@pytest.mark.parametrize("command", ["main", "upload", "download", "gallery"])
def test_quiet_prints_nothing_where_nothing_fails(directory_project: Project, command: str) -> None:
    result = directory_project.run("--quiet", command)

    assert (result.output, result.exit_code) == ("", 0)


def test_quiet_leaves_the_document(mixed: Project) -> None:
    result = mixed.run("download", "--quiet", "--json")

    assert result.stderr == ""
    assert json.loads(result.stdout)["counts"]["fetched"] == 1


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error_type", "reason"),
    [
        ("status --data missing", 2, "SettingsError", "there is no such folder"),
        ("explain missing.png", 1, "MissingError", "no such file or result"),
        ("remove missing.png", 1, "MissingError", "nothing has this name"),
        ("bulk -m missing.pth", 1, "MissingError", "not in the remote"),
        ("main --threads many", 2, "SettingsError", "threads: expected a whole number"),
        ("main --only missing.json", 2, "SettingsError", "Invalid value for '--only': missing"),
    ],
)
def test_an_error_that_ends_the_command_is_the_document(
    directory_project: Project, arguments: str, exit_code: int, error_type: str, reason: str
) -> None:
    command, *options = arguments.split()
    result = directory_project.run(command, "--json", *options)

    error = json.loads(result.stdout)["error"]
    assert result.exit_code == exit_code
    assert error["type"] == error_type
    assert error["reason"].startswith(reason)
    assert error["reason"] in result.stderr


def test_bulk_status_is_a_document_without_runs_and_of_failures(
    directory_project: Project, directory_store: DirectoryStore, model: bytes
) -> None:
    directory_store.write("saved_models/one.pth", model)
    directory_store.write("images/photo.png", b"no picture")

    before = run_for_json(directory_project, "bulk", "status")
    directory_project.run("bulk", "-m", "one.pth", "--workers", "1")
    failed = directory_project.run("bulk", "status", "--failures", "--json")

    assert before == {"run": None}
    assert [failure["image"] for failure in json.loads(failed.stdout)] == ["photo.png"]
