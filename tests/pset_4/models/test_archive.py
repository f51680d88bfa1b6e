"""Damaged and hostile archives of models."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.file_server import FileServer
from tests.support.files.archives import (
    Models,
    Spoil,
    add_entry,
    adding,
    flip_byte,
    link_entry,
    pack,
    repeat_contents,
    set_in_entry,
)
from tests.support.pipeline.fetching import fetch, fetch_badly, fetch_well, read_drop_ins
from tests.support.pipeline.projects import Project

PackSpoiled = Callable[[Models], bytes]
"""Returns an archive in which candy.pth is spoiled."""


def add_name_with_nul(archive: bytes) -> bytes:
    return add_entry(archive, "saved_models/x_evil", b"x").replace(b"x_evil", b"x\0evil")


def rename_mosaic(archive: bytes) -> bytes:
    return archive.replace(b"mosaic.pth", b"mosaic.txt")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(adding("../evil.pth"), "got '../evil.pth'", id="up"),
        pytest.param(adding("a/../../evil"), "got 'a/../../evil'", id="up inside"),
        pytest.param(adding("..\\evil.pth"), "evil.pth'", id="up on Windows"),
        pytest.param(adding("/tmp/evil.pth"), "got '/tmp/evil.pth'", id="absolute"),
        pytest.param(adding("C:evil.pth"), "got 'C:evil.pth'", id="drive"),
        pytest.param(add_name_with_nul, "expected names inside the archive's folder", id="NUL"),
        pytest.param(adding(link_entry("evil"), b"/etc"), "got the link 'evil'", id="link"),
        pytest.param(
            rename_mosaic,
            "to hold saved_models/mosaic.pth, got 'saved_models/mosaic.txt'",
            id="missing",
        ),
        pytest.param(lambda archive: archive[: len(archive) // 2], "to hold ", id="half"),
        pytest.param(lambda archive: b"no archive", "begins b'no archive'", id="text"),
        pytest.param(lambda archive: b"", "begins b''", id="empty"),
        pytest.param(repeat_contents, "expected a table of contents", id="endless contents"),
    ],
)
def test_nothing_of_a_hostile_archive_is_used(
    directory_project: Project, server: FileServer, spoil: Spoil, message: str
) -> None:
    server.content = spoil(server.content)
    folder = directory_project.folder.parent
    before = set(folder.rglob("*"))

    error = fetch_badly(directory_project, server)

    assert error.startswith(f"error: {server.url}: expected ")
    assert message in error
    assert set(folder.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_one_model_twice_is_refused(
    directory_project: Project, server: FileServer, model: bytes
) -> None:
    server.content = add_entry(server.content, "saved_models/candy.pth", model)

    error = fetch_badly(directory_project, server)

    assert error == f"error: {server.url}: expected one saved_models/candy.pth, got two"
    assert read_drop_ins(directory_project) == {}


class RunsCode:
    """An object that creates a file when it is unpickled without care."""

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (Path("executed"),))


def setting(offset: int, value: bytes) -> PackSpoiled:
    """Set bytes of candy.pth in the table of contents."""
    return lambda models: set_in_entry(pack(models), offset, value)


def replacing(content: bytes) -> PackSpoiled:
    """Give candy.pth another content."""
    return lambda models: pack(models | {"candy.pth": content}, zipfile.ZIP_DEFLATED)


def rename_in_contents(models: Models) -> bytes:
    """Give candy.pth its name in the table of contents only."""
    archive = pack({name.replace("candy", "xandy"): model for name, model in models.items()})
    return set_in_entry(archive, 46 + len("saved_models/"), b"c", name=b"xandy.pth")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(setting(8, b"\1\0"), "without encryption, got it encrypted", id="encrypted"),
        pytest.param(setting(24, b"\0\0\0\x7f"), "bytes unpacked, got 2,130,706,432", id="huge"),
        pytest.param(setting(24, b"\x10\0\0\0"), "is damaged", id="lying"),
        pytest.param(
            lambda models: flip_byte(pack(models), models["candy.pth"]), "is damaged", id="bit"
        ),
        pytest.param(rename_in_contents, "is damaged", id="of another name"),
        pytest.param(replacing(bytes(40_000_000)), "of at most 33,554,432 bytes", id="bomb"),
        pytest.param(replacing(pickle.dumps(RunsCode())), "does not load: ", id="code"),
        pytest.param(
            replacing(b"<html>moved</html>"),
            "candy.pth in the archive does not load: expected a style model, got text that begins",
            id="page",
        ),
    ],
)
def test_a_spoiled_model_does_not_affect_the_others(
    directory_project: Project,
    server: FileServer,
    official: Models,
    spoil: PackSpoiled,
    message: str,
) -> None:
    server.content = spoil(official)

    error = fetch_badly(directory_project, server)

    assert error.startswith(f"failed: {server.url}: ")
    assert message in error and "candy.pth" in error
    others = {name: content for name, content in official.items() if name != "candy.pth"}
    assert read_drop_ins(directory_project) == others


def test_code_in_a_model_is_not_run(
    directory_project: Project, server: FileServer, official: Models, tmp_path: Path
) -> None:
    server.content = replacing(pickle.dumps(RunsCode()))(official)

    fetch_badly(directory_project, server)

    assert list(tmp_path.rglob("executed")) == []


def test_a_compression_without_chunks_is_refused(
    directory_project: Project, server: FileServer, official: Models
) -> None:
    server.content = pack(official, zipfile.ZIP_BZIP2)

    result = fetch(directory_project, server)

    assert result.exit_code == 1
    assert result.stderr.count("compression method 12") == 4
    assert read_drop_ins(directory_project) == {}


def test_a_damaged_archive_is_downloaded_again(
    directory_project: Project, server: FileServer, official: Models
) -> None:
    good = server.content
    server.content = flip_byte(good, official["candy.pth"])
    error = fetch_badly(directory_project, server)
    server.content = good

    fetch_well(directory_project, server)

    assert error.endswith("; run again to download it again")
    assert read_drop_ins(directory_project) == official


def test_other_files_of_the_archive_are_named_and_left_alone(
    directory_project: Project, server: FileServer, official: Models, model: bytes
) -> None:
    for name in ("saved_models/starry.pth", "__MACOSX/saved_models/._candy.pth", "candy.pth"):
        server.content = add_entry(server.content, name, model)

    result = fetch_well(directory_project, server)

    assert "not unpacked: saved_models/starry.pth, candy.pth" in result.stderr.splitlines()
    assert read_drop_ins(directory_project) == official
