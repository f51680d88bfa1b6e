"""The command ``models fetch``: what it drops in, and what it leaves alone."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neural_style import MissingDependencyError, StyleDescription
from pset_4.models.catalog import OFFICIAL_DIGESTS, OFFICIAL_MODELS
from pset_4.models.official import fetch_models
from pset_4.settings import Settings
from tests.support.file_server import FileServer, answer
from tests.support.files.archives import Models, pack
from tests.support.networks.models import MODEL_WIDTH, make_model
from tests.support.pipeline.fetching import fetch, fetch_badly, fetch_well, read_drop_ins
from tests.support.pipeline.projects import MakeProject, Project
from tests.support.remotes.stores import RemoteStore

ROOT = Path(__file__).parents[3]


def settings_of(project: Project) -> Settings:
    return Settings(str(project.data), project.remote_url, False)


def test_all_four_models_are_dropped_in(
    directory_project: Project, server: FileServer, official: Models
) -> None:
    fetch_well(directory_project, server)

    assert read_drop_ins(directory_project) == official


def test_nothing_else_is_left_behind(directory_project: Project, server: FileServer) -> None:
    fetch_well(directory_project, server)

    assert os.listdir(directory_project.data) == ["uploads"]


def test_the_output_lists_what_was_fetched(
    directory_project: Project, server: FileServer, official: Models
) -> None:
    result = fetch_well(directory_project, server)

    size = f"{len(server.content) / 1e3:.1f} kB"
    assert result.stderr.splitlines() == [
        f"downloading {server.url} ({size})",
        "next: put images into machine/data/uploads and run "
        + directory_project.name_command("main"),
    ]
    heading, *rows = [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()]
    assert heading == ["MODELS", "dropped in", "size", "width", "SHA-256"]
    for (name, content), row in zip(official.items(), rows, strict=True):
        digest = hashlib.sha256(content).hexdigest()[:12]
        assert row == [name, "now", f"{len(content) / 1e3:.1f} kB", str(MODEL_WIDTH), f"{digest}…"]


@pytest.mark.parametrize("remote_url", ["s3://bucket/prefix", "not/mounted"])
def test_the_remote_is_not_needed(
    make_project: MakeProject,
    server: FileServer,
    official: Models,
    remote_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nothing listens there
    project = make_project("machine", remote_url)

    fetch_well(project, server)

    assert read_drop_ins(project) == official


def test_fetched_models_are_published_like_any_drop_in(
    project: Project, store: RemoteStore, server: FileServer, official: Models
) -> None:
    fetch_well(project, server)

    counts = project.run_well("upload")

    assert counts["published"] == 4
    assert {name: store.read(f"saved_models/{name}") for name in OFFICIAL_MODELS} == official


def test_nothing_is_downloaded_if_all_four_are_dropped_in(
    directory_project: Project, server: FileServer
) -> None:
    fetch_well(directory_project, server)
    server.requests.clear()

    result = fetch_well(directory_project, server)

    assert result.stdout.count("  already  ") == 4
    assert server.requests == []


def test_only_missing_models_are_dropped_in(
    directory_project: Project, server: FileServer, official: Models
) -> None:
    path = directory_project.drop("mosaic.pth", official["mosaic.pth"])
    before = path.stat()

    result = fetch_well(directory_project, server)

    assert (result.stdout.count("  now  "), result.stdout.count("  already  ")) == (3, 1)
    assert path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.fixture
def another() -> bytes:
    """A model that is none of the official ones."""
    return make_model(99)


@pytest.fixture
def disputed(directory_project: Project, another: bytes) -> Project:
    """A project with another model under an official name."""
    directory_project.drop("mosaic.pth", another)
    return directory_project


def test_a_conflict_is_reported_with_both_digests(
    disputed: Project, server: FileServer, another: bytes, official: Models
) -> None:
    error = fetch_badly(disputed, server)

    dropped_in = hashlib.sha256(another).hexdigest()
    in_archive = hashlib.sha256(official["mosaic.pth"]).hexdigest()
    path = disputed.uploads / "mosaic.pth"
    assert error.startswith(f"failed: {path}: conflict: the drop-in (SHA-256 {dropped_in}) ")
    assert f"(SHA-256 {in_archive}); rename or remove the drop-in" in error


def test_in_a_conflict_the_drop_in_stays_and_the_others_are_fetched(
    disputed: Project, server: FileServer, another: bytes, official: Models
) -> None:
    fetch_badly(disputed, server)

    assert read_drop_ins(disputed) == official | {"mosaic.pth": another}


def test_a_lasting_conflict_downloads_nothing_again(disputed: Project, server: FileServer) -> None:
    fetch_badly(disputed, server)

    fetch_badly(disputed, server)

    assert len(server.requests) == 1


def test_a_conflict_ends_when_the_drop_in_is_renamed(
    disputed: Project, server: FileServer, official: Models, another: bytes
) -> None:
    fetch_badly(disputed, server)
    (disputed.uploads / "mosaic.pth").rename(disputed.uploads / "mine.pth")

    fetch_well(disputed, server)

    assert read_drop_ins(disputed) == official | {"mine.pth": another}
    assert len(server.requests) == 1
    # The digests of drop-ins are kept once these do not change any more.
    assert set(os.listdir(disputed.data)) <= {"uploads", ".records.db"}


def test_a_drop_in_that_does_not_load_is_reported(
    directory_project: Project, server: FileServer, official: Models
) -> None:
    for name, content in (official | {"udnie.pth": b"no model"}).items():
        directory_project.drop(name, content)

    error = fetch_badly(directory_project, server)

    path = directory_project.uploads / "udnie.pth"
    assert error.startswith(f"failed: {path}: expected a style model")
    assert error.endswith("; remove it and run again to fetch the official model")
    assert server.requests == []


@pytest.mark.parametrize("are_others_there", [False, True])
def test_a_link_under_an_official_name_is_reported(
    directory_project: Project,
    server: FileServer,
    official: Models,
    tmp_path: Path,
    are_others_there: bool,
) -> None:
    target = tmp_path / "elsewhere.pth"
    target.write_bytes(official["candy.pth"])
    if are_others_there:
        for name, content in official.items():
            directory_project.drop(name, content)
    link = directory_project.drop("candy.pth", b"")
    link.unlink()
    link.symlink_to(target)

    error = fetch_badly(directory_project, server)

    reason = "conflict: expected a file, got a link or a folder"
    assert error == f"failed: {link}: {reason}; remove it and run again"
    assert link.is_symlink()
    assert target.read_bytes() == official["candy.pth"]


def test_the_program_of_the_course_fetches_the_same(
    server: FileServer, official: Models, tmp_path: Path
) -> None:
    command = [sys.executable, str(ROOT / "download_saved_models.py"), "--url", server.url]
    command.append("--accept-other-bytes")

    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    uploads = tmp_path / "data" / "uploads"
    assert {path.name: path.read_bytes() for path in uploads.iterdir()} == official


def test_the_archive_is_kept_if_models_cannot_be_checked(
    directory_project: Project, server: FileServer, official: Models
) -> None:
    def miss_pytorch(path: str) -> StyleDescription:
        raise MissingDependencyError("no PyTorch")

    settings = settings_of(directory_project)
    with pytest.raises(MissingDependencyError):
        fetch_models(settings, server.url, inspect=miss_pytorch, accept_other_bytes=True)
    assert read_drop_ins(directory_project) == {}

    fetch_models(settings, server.url, accept_other_bytes=True)

    assert read_drop_ins(directory_project) == official
    assert len(server.requests) == 1


def test_another_function_can_inspect_the_models(
    directory_project: Project, server: FileServer
) -> None:
    description = StyleDescription(5, None)

    result = fetch_models(
        settings_of(directory_project),
        server.url,
        inspect=lambda path: description,
        accept_other_bytes=True,
    )

    assert [model.description for model in result.models] == [description] * 4


def test_the_official_models_are_fetched(
    directory_project: Project, server: FileServer, weights_dir: Path
) -> None:
    official = {name: (weights_dir / name).read_bytes() for name in OFFICIAL_MODELS}
    server.content = pack(official)

    result = directory_project.run("models", "fetch", "--url", server.url)

    assert result.exit_code == 0, result.output
    assert read_drop_ins(directory_project) == official
    assert result.stdout.count("  32  ") == 4


def test_other_models_than_the_official_ones_are_refused(
    directory_project: Project, server: FileServer, official: Models
) -> None:
    result = directory_project.run("models", "fetch", "--url", server.url)

    got = hashlib.sha256(official["candy.pth"]).hexdigest()
    assert result.exit_code == 1
    assert read_drop_ins(directory_project) == {}
    assert result.stderr.splitlines()[1] == (
        f"failed: {server.url}: expected the official candy.pth (SHA-256 "
        f"{OFFICIAL_DIGESTS['candy.pth']}) in the archive, got SHA-256 {got}; if you trust whoever "
        "made this archive, add --accept-other-bytes"
    )


@pytest.mark.parametrize("option", ["--url=ftp://host/x", "--url=saved_models.zip", "--timeout=0"])
def test_an_impossible_option_is_a_usage_error(directory_project: Project, option: str) -> None:
    assert directory_project.run("models", "fetch", option).exit_code == 2


def test_a_web_page_instead_of_the_archive_is_reported(
    directory_project: Project, server: FileServer
) -> None:
    server.script = [answer(200, b"<html>", content_type="text/html")]

    result = fetch(directory_project, server)

    assert result.exit_code == 1
    assert "got a web page" in result.stderr
    assert os.listdir(directory_project.data) == []
