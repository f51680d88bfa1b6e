"""The option --dry-run: nothing is written, and a run does what it announced."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.networks.models import make_model
from tests.support.pipeline.projects import Project, assert_failed
from tests.support.remotes.faults import FaultProxy
from tests.support.remotes.stores import DirectoryStore, RemoteStore, S3Store

pytestmark = pytest.mark.s3_in_soak

Change = Callable[[Project, RemoteStore, bytes], None]
"""Changes something after a first run; the bytes are those of another image."""

LISTS = ("painted", "published", "replaced", "fetched", "cached", "skipped", "failed", "blocked")


@pytest.fixture
def dropped(project: Project, drawing: bytes, model: bytes) -> Project:
    """A project with an image and a model dropped in."""
    project.drop("drawing.png", drawing)
    project.drop("one.pth", model)
    return project


@pytest.fixture
def s3_proxy(store: RemoteStore, request: pytest.FixtureRequest) -> FaultProxy | None:
    """Counts the requests, if the remote is S3."""
    proxy: FaultProxy | None = None
    if isinstance(store, S3Store):
        proxy = request.getfixturevalue("proxy")
    return proxy


def plan(project: Project, *arguments: str) -> dict[str, Any]:
    """Return the document of a dry run."""
    found: dict[str, Any] = json.loads(project.run(*arguments, "--dry-run", "--json").stdout)
    return found


def paths(document: dict[str, Any]) -> dict[str, list[str]]:
    """Return the sorted paths in each list of a document."""
    return {
        name: sorted(
            str(each if isinstance(each, str) else each["path"]) for each in document[name]
        )
        for name in LISTS
    }


def reasons(document: dict[str, Any], name: str) -> list[str]:
    return [each["reason"] for each in document[name]]


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return times and content of everything below a folder."""
    return {
        str(path): (
            path.stat().st_mtime_ns,
            path.stat().st_ctime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *folder.rglob("*"))
    }


def change_nothing(project: Project, store: RemoteStore, other: bytes) -> None: ...


def replace_image(project: Project, store: RemoteStore, other: bytes) -> None:
    (project.uploads / "drawing.png").unlink()
    store.write("images/drawing.png", other)


def remove_image(project: Project, store: RemoteStore, other: bytes) -> None:
    store.remove("images/drawing.png")


def remove_everything_there(project: Project, store: RemoteStore, other: bytes) -> None:
    for path in store.list():
        store.remove(path)


def alter_result(project: Project, store: RemoteStore, other: bytes) -> None:
    (project.data / "stylized/one.pth/drawing.png").write_bytes(other)


def alter_cached_image(project: Project, store: RemoteStore, other: bytes) -> None:
    (project.data / "images/drawing.png").write_bytes(other)


def lose_result_there(project: Project, store: RemoteStore, other: bytes) -> None:
    store.remove("stylized/one.pth/drawing.png")


def provoke_conflict(project: Project, store: RemoteStore, other: bytes) -> None:
    project.drop("drawing.png", other)


def lose_image(project: Project, store: RemoteStore, other: bytes) -> None:
    (project.uploads / "drawing.png").unlink()
    store.remove("images/drawing.png")


CHANGES = [
    change_nothing,
    replace_image,
    remove_image,
    remove_everything_there,
    alter_result,
    alter_cached_image,
    lose_result_there,
    provoke_conflict,
    lose_image,
]
on_directory = pytest.mark.parametrize("store", ["directory"], indirect=True)
"""For what does not depend on the kind of the remote."""

NAMED = ("main", "-i", "drawing.png", "-m", "one.pth")


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_does_what_a_dry_run_announced(
    dropped: Project, store: RemoteStore, photograph: bytes, change: Change
) -> None:
    dropped.run_well(*NAMED)
    change(dropped, store, photograph)

    announced = plan(dropped, *NAMED)

    assert paths(announced) == paths(json.loads(dropped.run(*NAMED, "--json").stdout))


@on_directory
@pytest.mark.parametrize(
    "words",
    [
        NAMED,
        ("stylize", "-i", "drawing.png"),
        ("upload",),
        (*NAMED, "--proof"),
        (*NAMED, "--offline"),
    ],
)
def test_so_does_a_first_run(dropped: Project, words: tuple[str, ...]) -> None:
    announced = plan(dropped, *words)

    assert announced["dry_run"] is True
    assert paths(announced) == paths(json.loads(dropped.run(*words, "--json").stdout))


@pytest.mark.parametrize("choice", ["replace", "keep-remote"])
def test_so_does_a_run_that_settles_a_conflict(
    dropped: Project, store: RemoteStore, photograph: bytes, choice: str
) -> None:
    dropped.run_well(*NAMED)
    provoke_conflict(dropped, store, photograph)
    words = (*NAMED, "--on-conflict", choice)

    announced = plan(dropped, *words)

    assert paths(announced) == paths(json.loads(dropped.run(*words, "--json").stdout))


@pytest.mark.s3_every_day
def test_download_announces_what_is_fetched(
    project: Project, store: RemoteStore, drawing: bytes
) -> None:
    store.write("images/drawing.png", drawing)

    announced = plan(project, "download")

    assert announced["fetched"] == [
        {
            "path": f"{project.data}/images/drawing.png",
            "reason": "new",
            "size": len(drawing),
            "pixels": 0,
        }
    ]
    assert announced["bytes"]["fetched"] == len(drawing)


@pytest.mark.s3_every_day
@pytest.mark.parametrize(
    ("words", "is_published"),
    [
        (("main",), False),
        (("main", "{file}", "--style", "one"), False),
        (("main", "--max-side", "20", "--force"), True),
        (("stylize", "--offline"), True),
        (("upload", "--on-conflict", "replace"), True),
        (("upload", "{file}"), False),
        (("download",), True),
        (("package",), True),
    ],
)
def test_nothing_is_written(
    dropped: Project,
    store: RemoteStore,
    s3_proxy: FaultProxy | None,
    drawing: bytes,
    photograph: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    is_published: bool,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    file = tmp_path / "of mine.png"
    file.write_bytes(drawing)
    if is_published:
        dropped.run_well("main")
        store.write("images/drawing.png", photograph)
        alter_result(dropped, store, drawing)
        # As if it was at rest: a run would renew its record.
        monkeypatch.setattr("csci_utils.digest.SETTLING_NS", 0)
        (dropped.data / "saved_models/one.pth").touch()
    before, objects = snapshot(tmp_path), store.list()
    if s3_proxy is not None:
        s3_proxy.methods.clear()

    dropped.run(*(word.format(file=file) for word in words), "--dry-run")

    assert snapshot(tmp_path) == before
    assert store.list() == objects
    assert s3_proxy is None or {"GET", "HEAD"} >= set(s3_proxy.methods)


def test_a_file_is_planned_as_if_it_was_dropped_in(
    dropped: Project, photograph: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(photograph)

    announced = plan(dropped, "main", str(file), "--style", "one")

    assert announced["published"][0]["path"] == f"{dropped.remote_url}/images/photo.jpg"
    assert [made["path"] for made in announced["painted"]] == [
        f"{dropped.data}/stylized/one.pth/photo.jpg"
    ]


@on_directory
@pytest.mark.parametrize(
    ("change", "words", "verb", "reason"),
    [
        (change_nothing, ("--precision", "fast"), "painted", "other options: precision"),
        (change_nothing, ("--force",), "painted", "asked for with --force"),
        (replace_image, (), "painted", "image replaced in the remote"),
        (alter_result, (), "fetched", "altered here"),
    ],
)
def test_the_reason_is_given(
    dropped: Project,
    store: RemoteStore,
    photograph: bytes,
    change: Change,
    words: tuple[str, ...],
    verb: str,
    reason: str,
) -> None:
    dropped.run_well(*NAMED)
    change(dropped, store, photograph)

    assert reasons(plan(dropped, *NAMED, *words), verb) == [reason]


@pytest.mark.s3_every_day
def test_a_conflict_is_announced_as_a_failure(
    dropped: Project, store: RemoteStore, photograph: bytes
) -> None:
    store.write("images/drawing.png", photograph)

    assert_failed(dropped.run("main", "--dry-run"), "conflict: the drop-in")


def test_styles_that_cannot_be_counted_yet_are_mentioned(
    directory_project: Project, directory_store: DirectoryStore, drawing: bytes, many_styles: bytes
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_store.write("saved_models/many.onnx", many_styles)

    result = directory_project.run("main", "-m", "many.onnx", "--dry-run")

    assert "note: the styles of many.onnx are counted once it is fetched" in result.stderr
    assert "would paint stylized/many.onnx/drawing.png: new" in result.stdout
    assert result.stdout.count("would fetch saved_models/many.onnx") == 1


def test_lines_and_totals_are_shown(directory_project: Project, drawing: bytes) -> None:
    directory_project.drop("drawing.png", drawing)

    lines = directory_project.run("upload", "--dry-run").stdout.splitlines()

    assert lines[0].startswith("would publish images/drawing.png: new, ")
    assert lines[1].startswith("to publish     1  ")
    assert lines[-1].startswith("nothing was written; drop-ins are not checked yet")


def test_the_estimate_follows_earlier_runs(directory_project: Project, tmp_path: Path) -> None:
    directory_project.uploads.mkdir(parents=True)
    Image.new("RGB", (1000, 500)).save(directory_project.uploads / "large.png")
    directory_project.drop("one.pth", make_model(1))
    first = plan(directory_project, "main")
    (directory_project.data / ".pace.json").write_text('{"in-process cpu": [1000000, 600]}')

    second = plan(directory_project, "main")

    assert (first["is_pace_measured"], first["painted"][0]["pixels"]) == (False, 500_000)
    assert (second["is_pace_measured"], second["estimated_seconds"]) == (True, 300)


@pytest.mark.s3_every_day
def test_the_size_of_a_cached_image_is_known(
    project: Project, store: RemoteStore, drawing: bytes
) -> None:
    store.write("images/drawing.png", drawing)
    store.write("saved_models/one.pth", make_model(1))
    project.run_well("download")

    width, height = Image.open(io.BytesIO(drawing)).size

    assert plan(project, "main", "--all")["painted"][0]["pixels"] == width * height


def test_a_run_measures_how_fast_it_paints(
    directory_project: Project,
) -> None:
    directory_project.uploads.mkdir(parents=True)
    Image.new("RGB", (500, 400)).save(directory_project.uploads / "large.png")
    directory_project.drop("one.pth", make_model(1))

    directory_project.run_well("main")

    ((pixels, seconds),) = json.loads((directory_project.data / ".pace.json").read_text()).values()
    assert pixels == 200_000
    assert 0 < seconds < 60
