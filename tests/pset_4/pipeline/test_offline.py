"""The option --offline: the cache and the drop-ins are painted, and published by a later run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from tests.support.networks.models import make_model
from tests.support.pipeline.projects import (
    MakeProject,
    Project,
    assert_failed,
    count_work,
    failures,
    read_summary,
)
from tests.support.remotes.outages import out_of_reach
from tests.support.remotes.stores import DirectoryStore, RemoteStore

pytestmark = pytest.mark.s3_in_soak

CHOSEN = ("--image", "drawing.png", "--model", "one.pth")
IMAGE, MODEL = "images/drawing.png", "saved_models/one.pth"
RESULT = "stylized/one.pth/drawing.png"

WATCHED = """
import os, sys
remote, *arguments = sys.argv[1:]
def watch(event, values):
    if event != "sys.argv" and any(str(value).startswith(remote) for value in values):
        os.write(2, f"{event} {values}".encode())
        os._exit(77)
def watch_call(name, call):
    def watched(*values, **options):
        watch(name, values)
        return call(*values, **options)
    setattr(os, name, watched)
for name in ("stat", "lstat", "open", "listdir", "scandir"):
    watch_call(name, getattr(os, name))
sys.addaudithook(watch)
from pset_4.cli import main
sys.exit(main(arguments))
"""
"""A program that ends at once if the command line looks at the remote's folder."""

on_directory = pytest.mark.parametrize("store", ["directory"], indirect=True)
"""For what does not depend on the kind of the remote, which is not asked."""

RunOffline = Callable[..., Result]
"""Runs a command with ``--offline``, without a remote."""


@pytest.fixture
def run_offline(
    project: Project, store: RemoteStore, monkeypatch: pytest.MonkeyPatch
) -> RunOffline:
    """Runs a command of the project offline, and checks that the remote is not asked."""

    def run(*arguments: str) -> Result:
        with out_of_reach(store, monkeypatch):
            return project.run(*arguments, "--offline")

    return run


@pytest.fixture
def dropped(project: Project, drawing: bytes, model: bytes) -> Project:
    """A project with an image and a model dropped in, and an empty remote."""
    project.drop("drawing.png", drawing)
    project.drop("one.pth", model)
    return project


@pytest.fixture
def cached(project: Project, store: RemoteStore, drawing: bytes, model: bytes) -> Project:
    """A project without drop-ins that fetched an image and a model."""
    store.write(IMAGE, drawing)
    store.write(MODEL, model)
    assert project.run_well("download")["fetched"] == 2
    return project


def test_drop_ins_are_painted_and_wait(dropped: Project, run_offline: RunOffline) -> None:
    result = run_offline("main")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == (
        "waiting        3  to be published: run again without --offline"
    )
    assert count_work(read_summary(result)) == (0, 1, 0)
    assert dropped.files("images", "saved_models", "stylized") == [IMAGE, MODEL, RESULT]


@on_directory
def test_each_step_is_named_for_what_it_is(dropped: Project, run_offline: RunOffline) -> None:
    lines = run_offline("main").stderr.splitlines()

    others = ("note:", "offline:", "gallery:")
    assert sorted(line for line in lines if not line.startswith(others)) == [
        f"cached {IMAGE}",
        f"cached {MODEL}",
        f"painted {RESULT}",
    ]


def test_one_line_says_that_the_remote_is_not_asked(
    cached: Project, run_offline: RunOffline
) -> None:
    lines = run_offline("main", *CHOSEN).stderr.splitlines()

    (line,) = (line for line in lines if line.startswith("offline: "))
    assert line.endswith(" is not asked; what is cached may have been replaced there")
    assert cached.remote_url.rpartition("/")[2] in line


@pytest.mark.s3_every_day
def test_what_waits_is_published_later_and_not_painted_again(
    dropped: Project, run_offline: RunOffline, store: RemoteStore
) -> None:
    run_offline("main")

    assert count_work(dropped.run_well("main")) == (0, 0, 3)
    assert store.list() == [IMAGE, MODEL, RESULT]
    assert store.read(RESULT) == (dropped.data / RESULT).read_bytes()


def test_nothing_waits_after_it_was_published(dropped: Project, run_offline: RunOffline) -> None:
    run_offline("main")
    assert read_summary(run_offline("main"))["waiting"] == 3
    dropped.run_well("upload")
    assert read_summary(run_offline("main"))["waiting"] == 1
    dropped.run_well("main")

    assert read_summary(run_offline("main"))["waiting"] == 0


@on_directory
def test_results_of_stylize_do_not_wait(dropped: Project, run_offline: RunOffline) -> None:
    assert read_summary(run_offline("stylize"))["waiting"] == 2


def test_cached_files_are_painted(
    cached: Project, run_offline: RunOffline, store: RemoteStore
) -> None:
    summary = read_summary(run_offline("main", *CHOSEN))

    assert (summary["painted"], summary["waiting"]) == (1, 1)
    assert store.list() == [IMAGE, MODEL]
    assert count_work(cached.run_well("main", *CHOSEN)) == (0, 0, 1)
    assert {result["local"] for result in cached.status()["results"]} == {"current"}


@pytest.mark.s3_every_day
def test_an_image_replaced_in_the_remote_meanwhile_is_painted_again(
    cached: Project, run_offline: RunOffline, store: RemoteStore, photograph: bytes
) -> None:
    run_offline("main", *CHOSEN)
    painted_offline = (cached.data / RESULT).read_bytes()
    store.write(IMAGE, photograph)

    assert cached.status()["results"][0]["local"] == "stale"
    assert count_work(cached.run_well("main", *CHOSEN)) == (1, 1, 1)
    assert store.read(RESULT) == (cached.data / RESULT).read_bytes() != painted_offline


def test_a_conflict_is_reported_by_the_next_run(
    dropped: Project, run_offline: RunOffline, store: RemoteStore, photograph: bytes
) -> None:
    run_offline("main")
    store.write(IMAGE, photograph)

    result = dropped.run("main")

    (line,) = failures(result)
    assert "conflict" in line
    assert store.list() == [IMAGE, MODEL]
    assert count_work(dropped.run_well("main", "--on-conflict", "keep-remote")) == (1, 1, 1)
    assert (dropped.data / IMAGE).read_bytes() == photograph


@on_directory
def test_a_drop_in_that_differs_from_what_was_fetched_is_a_conflict_at_once(
    cached: Project, run_offline: RunOffline, photograph: bytes, drawing: bytes
) -> None:
    cached.drop("drawing.png", photograph)

    result = run_offline("main", *CHOSEN)

    assert_failed(result, "conflict: the drop-in")
    assert (cached.data / IMAGE).read_bytes() == drawing
    kept = read_summary(run_offline("main", *CHOSEN, "--on-conflict", "keep-remote"))
    assert (kept["painted"], kept["waiting"]) == (1, 1)
    replaced = read_summary(run_offline("main", *CHOSEN, "--on-conflict", "replace"))
    assert (replaced["painted"], replaced["waiting"]) == (1, 2)


@on_directory
def test_a_drop_in_that_was_edited_is_painted_again(
    dropped: Project, run_offline: RunOffline, store: RemoteStore, photograph: bytes
) -> None:
    run_offline("main")
    dropped.drop("drawing.png", photograph)

    summary = read_summary(run_offline("main"))

    assert (summary["painted"], summary["waiting"]) == (1, 3)
    assert count_work(dropped.run_well("main")) == (0, 0, 3)
    assert store.read(IMAGE) == photograph


@on_directory
def test_without_uploads_only_what_was_fetched_is_painted(
    cached: Project,
    run_offline: RunOffline,
) -> None:
    cached.drop("one.pth", make_model(2))
    cached.drop("two.pth", make_model(2))

    assert read_summary(run_offline("main", "--no-upload", *CHOSEN))["painted"] == 1
    result = run_offline("main", "--no-upload", "--image", "drawing.png", "--model", "two.pth")
    assert_failed(result, "not in the cache, and the remote is not asked; run again with --upload")


@on_directory
def test_what_is_neither_cached_nor_dropped_in_is_an_error(
    project: Project, run_offline: RunOffline
) -> None:
    result = run_offline("main", *CHOSEN)

    assert result.exit_code == 1
    for path in (IMAGE, MODEL):
        reason = "not in the cache, and the remote is not asked; drop it into"
        assert f"failed: {project.data / path}: {reason}" in result.stderr


@on_directory
def test_with_nothing_here_the_demo_is_suggested(project: Project, run_offline: RunOffline) -> None:
    assert "nothing to paint" in run_offline("main").stderr


@on_directory
def test_an_altered_cached_file_is_not_painted(cached: Project, run_offline: RunOffline) -> None:
    (cached.data / IMAGE).write_bytes(b"altered")

    assert_failed(run_offline("main", *CHOSEN), "altered since it was fetched, and the remote is")


@on_directory
def test_a_drop_in_is_checked(dropped: Project, run_offline: RunOffline) -> None:
    dropped.drop("drawing.png", b"not an image")

    assert_failed(run_offline("main"), f"failed: {dropped.uploads / 'drawing.png'}: ")
    assert dropped.files("images") == []


def test_the_folder_of_the_remote_is_not_looked_at(
    directory_project: Project, directory_store: DirectoryStore, drawing: bytes, model: bytes
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("one.pth", model)
    command = [sys.executable, "-c", WATCHED, directory_store.url]

    codes = [
        subprocess.run([*command, *directory_project.arguments("main", *words)]).returncode
        for words in ([], ["--offline"])
    ]

    assert codes == [77, 0]


@pytest.mark.parametrize("command", ["upload", "download", "package", "status", "verify", "submit"])
def test_a_command_that_needs_the_remote_has_no_such_option(
    directory_project: Project, command: str
) -> None:
    assert_failed(directory_project.run(command, "--offline"), "No such option '--offline'", 2)


@on_directory
def test_a_runner_that_needs_the_remote_is_a_usage_error(dropped: Project) -> None:
    result = dropped.run("main", "--offline", "--runner", "mlflow")

    assert_failed(result, "--offline: the runner mlflow needs the remote's package", 2)


@pytest.fixture(params=["directory", "s3"])
def unreachable(
    request: pytest.FixtureRequest, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A project whose remote is out of reach."""
    if request.param == "directory":
        return make_project("machine", "not/mounted")
    request.getfixturevalue("s3_environment")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return make_project("machine", "s3://bucket/prefix")


@pytest.mark.s3_every_day
@pytest.mark.parametrize(
    ("command", "has_drop_in", "is_suggested"),
    [
        ("main", True, True),
        ("stylize", True, True),
        ("main", False, False),
        ("upload", True, False),
    ],
)
def test_an_unreachable_remote_is_reported_with_the_option_where_it_helps(
    unreachable: Project, drawing: bytes, command: str, has_drop_in: bool, is_suggested: bool
) -> None:
    if has_drop_in:
        unreachable.drop("drawing.png", drawing)

    result = unreachable.run(command)

    assert result.exit_code in (1, 2)
    suggestion = ", or add --offline to work from the cache and the drop-ins\n"
    assert result.stderr.endswith(suggestion) == is_suggested
