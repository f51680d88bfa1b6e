"""The command gallery, and the gallery that main keeps current."""

from __future__ import annotations

import gc
import os
import re
import sys
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from PIL import Image

from csci_utils.errors import BusyError
from neural_style import read_provenance
from neural_style.backends.engine import EngineStyle
from pset_4.commands.gallery import _has_screen
from pset_4.gallery import building, collecting, publishing
from pset_4.gallery.collecting import Picture
from pset_4.gallery.page_data import unpack
from pset_4.provenance.facts import describe
from pset_4.settings import Settings
from pset_4.storage.claims import claim
from tests.support.files.pictures import encode
from tests.support.pipeline.projects import MakeProject, Project, assert_failed
from tests.support.remotes.outages import out_of_reach
from tests.support.remotes.stores import DirectoryStore, RemoteStore

pytestmark = pytest.mark.s3_in_soak

PAGE = "gallery/index.html"


@pytest.fixture
def painted(directory_project: Project, photograph: bytes, model: bytes) -> Project:
    """A project in which one picture was painted in one style."""
    return paint(directory_project, photograph, model)


def paint(project: Project, photograph: bytes, model: bytes) -> Project:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    project.run_well("main")
    return project


def list_thumbnails(project: Project) -> dict[str, int]:
    """Return the names of the thumbnails, each with when it was written."""
    folder = project.data / "gallery" / "thumbnails"
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def read_page(project: Project, name: str = PAGE) -> str:
    return (project.data / name).read_text("utf-8")


def test_main_ends_with_the_place_of_the_gallery(
    directory_project: Project, photograph: bytes, model: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    result = directory_project.run("main")
    assert result.stderr.splitlines()[-1] == f"gallery: machine/data/{PAGE}"
    assert "../stylized/one.pth/photo.jpg" in read_page(directory_project)


def test_gallery_prints_its_place(painted: Project) -> None:
    (painted.data / PAGE).unlink()
    result = painted.run("gallery")
    assert (result.exit_code, result.stdout) == (0, f"machine/data/{PAGE}\n")
    assert "../stylized/one.pth/photo.jpg" in read_page(painted)


def test_the_gallery_and_sheets_need_no_remote(
    project: Project,
    store: RemoteStore,
    photograph: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paint(project, photograph, model)

    with out_of_reach(store, monkeypatch):
        results = [project.run("gallery"), project.run("sheet")]

    paths = [PAGE, "contact_sheets/photo.jpg"]
    assert [result.stdout for result in results] == [f"machine/data/{path}\n" for path in paths]


def test_the_styles_of_a_run_are_released_before_its_gallery_is_built(
    directory_project: Project, photograph: bytes, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    styles: WeakSet[EngineStyle] = WeakSet()
    load, build = EngineStyle.__init__, building.build
    counts = []

    def note(style: EngineStyle, *arguments: Any) -> None:
        load(style, *arguments)
        styles.add(style)
        counts.append(len(styles))

    def count_and_build(*arguments: Any) -> building.Gallery:
        gc.collect()
        counts.append(len(styles))
        return build(*arguments)

    monkeypatch.setattr(EngineStyle, "__init__", note)
    monkeypatch.setattr(building, "build", count_and_build)
    paint(directory_project, photograph, model)

    assert counts[-2:] == [1, 0]


def test_nothing_is_written_if_nothing_changed(painted: Project) -> None:
    before = list_thumbnails(painted), (painted.data / PAGE).stat().st_mtime_ns
    painted.run_well("main")
    assert (list_thumbnails(painted), (painted.data / PAGE).stat().st_mtime_ns) == before


def test_a_new_result_costs_one_thumbnail_and_a_removed_one_loses_it(painted: Project) -> None:
    before = list_thumbnails(painted)
    painted.run_well("main", "--precision", "fast")
    after = list_thumbnails(painted)
    assert len(after) == len(before) == 2
    assert len(after.items() & before.items()) == 1, "the thumbnail of the original"


def test_failures_are_shown_until_a_run_succeeds(painted: Project) -> None:
    bad = painted.drop("bad.jpg", b"<html></html>")
    assert_failed(painted.run("main"), "bad.jpg")
    painted.run("gallery")
    assert "1 failure in the last run" in read_page(painted)
    bad.unlink()
    painted.run_well("main")
    assert "in the last run" not in read_page(painted)


def test_a_gallery_that_cannot_be_written_fails_no_run(
    directory_project: Project, photograph: bytes, model: bytes
) -> None:
    directory_project.data.mkdir(exist_ok=True)
    (directory_project.data / "gallery").write_text("in the way")
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    result = directory_project.run("main")
    assert result.exit_code == 0
    assert "note: the gallery was not written" in result.stderr


def test_without_jinja_main_paints_all_the_same(
    directory_project: Project, photograph: bytes, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    from pset_4.gallery import rendering

    rendering._template.cache_clear()
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    result = directory_project.run("main")
    assert result.exit_code == 0
    assert "note: the gallery was not written" in result.stderr


def test_a_replaced_picture_makes_its_result_outdated(
    painted: Project, directory_store: DirectoryStore, drawing: bytes
) -> None:
    directory_store.write("images/photo.jpg", encode(Image.new("RGB", (32, 32)), "JPEG"))
    painted.run("download")
    painted.run("gallery")
    assert "<em>outdated</em>" in read_page(painted)


def test_the_details_are_those_of_the_provenance(painted: Project) -> None:
    painted.run_well("main", "--precision", "fast")
    provenance = read_provenance(painted.data / "stylized" / "one.pth" / "photo.jpg")
    assert provenance is not None
    facts = describe(provenance)
    assert facts["Options"] == "--precision fast"
    (picture,) = unpack(read_page(painted), tuple(facts))
    assert picture["results"][0]["facts"] == list(facts.values())


def test_a_damaged_result_is_named(painted: Project) -> None:
    (painted.data / "stylized" / "one.pth" / "photo.jpg").write_bytes(b"damaged")
    assert painted.run("gallery").exit_code == 0
    assert "cannot be shown" in read_page(painted)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
def test_a_fifo_among_the_results_is_not_waited_for(painted: Project) -> None:
    os.mkfifo(painted.data / "stylized" / "one.pth" / "fifo.jpg")
    assert painted.run("gallery").exit_code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
@pytest.mark.parametrize("command", ["gallery", "main"])
def test_a_fifo_in_place_of_the_failures_is_not_waited_for(painted: Project, command: str) -> None:
    failures = painted.data / "gallery" / ".failures.json"
    failures.unlink()
    os.mkfifo(failures)
    assert painted.run(command).exit_code == 0


def test_a_thumbnail_that_another_run_just_made_stays(
    painted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{'0' * 32}-8x8.webp"

    def collect_late(settings: Settings, folder: str) -> list[Picture]:
        pictures = collecting.collect(settings, folder)
        (painted.data / "gallery" / "thumbnails" / name).touch()
        return pictures

    monkeypatch.setattr(building, "collect", collect_late)
    painted.run("gallery")
    assert name in list_thumbnails(painted)


def test_what_another_process_paints_while_the_page_is_written_is_shown_by_the_next_run(
    painted: Project, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect_early(settings: Settings, folder: str) -> list[Picture]:
        pictures = collecting.collect(settings, folder)
        (painted.data / "stylized" / "one.pth" / "late.jpg").write_bytes(photograph)
        return pictures

    painted.drop("second.jpg", photograph)
    with monkeypatch.context() as patch:
        patch.setattr(building, "collect", collect_early)
        painted.run_well("main")
    assert "second.jpg" in read_page(painted) and "late.jpg" not in read_page(painted)

    painted.run("main")

    assert "late.jpg" in read_page(painted)


def test_no_other_process_builds_meanwhile(
    painted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect_alone(settings: Settings, folder: str) -> list[Picture]:
        with pytest.raises(BusyError), claim(str(painted.data / PAGE), None):
            pass
        return collecting.collect(settings, folder)

    monkeypatch.setattr(building, "collect", collect_alone)

    assert painted.run("gallery").exit_code == 0


def test_publish_copies_the_page_and_its_thumbnails(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    paint(project, photograph, model)
    result = project.run("gallery", "--publish")
    page = f"{store.url}/{PAGE}".removeprefix(f"{Path.cwd()}/")
    assert result.stdout.splitlines()[-1] == page
    assert store.read(PAGE) == (project.data / PAGE).read_bytes()
    names = [name for name in store.list() if name.startswith("gallery/thumbnails/")]
    assert names == [f"gallery/thumbnails/{name}" for name in sorted(list_thumbnails(project))]


def test_neither_failures_nor_proofs_are_published(
    painted: Project, directory_store: DirectoryStore
) -> None:
    painted.drop("bad.jpg", b"<html></html>")
    painted.run("main", "--proof")
    painted.run("gallery", "--publish")
    published = [name for name in directory_store.list() if "proof" in name or ".json" in name]
    assert published == []
    page = directory_store.read(PAGE).decode()
    assert "bad.jpg" not in page and str(painted.data) not in page


def test_a_result_that_is_not_published_is_not_on_the_published_page(
    painted: Project, directory_store: DirectoryStore, photograph: bytes
) -> None:
    painted.drop("second.jpg", photograph)
    painted.run_well("stylize")
    painted.run("gallery", "--publish")
    assert "second.jpg" in read_page(painted)
    assert "second.jpg" not in directory_store.read(PAGE).decode()


def test_publish_removes_thumbnails_that_are_not_needed_any_more(
    painted: Project, store_thumbnails: set[str], directory_store: DirectoryStore
) -> None:
    painted.run_well("main", "--precision", "fast")
    painted.run("gallery", "--publish")
    names = {name for name in directory_store.list() if name.startswith("gallery/thumbnails/")}
    assert len(names) == 2 and len(names & store_thumbnails) == 1


def test_two_machines_that_publish_at_once_show_the_results_of_both(
    painted: Project,
    make_project: MakeProject,
    directory_store: DirectoryStore,
    drawing: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = make_project("other machine", directory_store.url)
    other.drop("drawing.png", drawing)
    other.run_well("main", "--style", "one.pth", "-i", "drawing.png")
    copy = publishing._copy

    def copy_late(path: str, destination: str) -> None:
        monkeypatch.undo()
        assert other.run_apart("gallery", "--publish").returncode == 0
        copy(path, destination)

    monkeypatch.setattr(publishing, "_copy", copy_late)
    painted.run("gallery", "--publish")

    page = directory_store.read(PAGE).decode()
    assert "photo.jpg in one.pth" in page and "drawing.png in one.pth" in page
    shown = re.findall(r'<img src="(thumbnails/[^"]+)"', page)
    assert {f"gallery/{path}" for path in shown} <= {*directory_store.list()}


def test_copies_for_a_page_that_another_machine_is_about_to_send_stay(
    painted: Project, directory_store: DirectoryStore
) -> None:
    name = f"gallery/thumbnails/{'0' * 32}-8x8.jpg"
    directory_store.write(name, b"copy")

    painted.run("gallery", "--publish")

    assert name in directory_store.list()


@pytest.mark.s3_every_day
def test_publish_keeps_what_other_machines_published(
    project: Project,
    store: RemoteStore,
    make_project: MakeProject,
    photograph: bytes,
    drawing: bytes,
    model: bytes,
) -> None:
    paint(project, photograph, model)
    project.run("gallery", "--publish")
    other = make_project("other machine", store.url)
    other.drop("drawing.png", drawing)
    other.run_well("main", "--style", "one.pth", "-i", "drawing.png")

    other.run("gallery", "--publish")

    page = store.read(PAGE).decode()
    shown = re.findall(r'<img src="(thumbnails/[^"]+)"[^>]+alt="([^"]+)"', page)
    assert [text for _, text in shown] == [
        "drawing.png, the original",
        "drawing.png in one.pth",
        "photo.jpg, the original",
        "photo.jpg in one.pth",
    ]
    assert {f"gallery/{path}" for path, _ in shown} <= {*store.list()}


def test_results_of_others_go_with_their_objects(
    painted: Project, make_project: MakeProject, directory_store: DirectoryStore
) -> None:
    painted.run("gallery", "--publish")
    directory_store.remove("stylized/one.pth/photo.jpg")

    make_project("other machine", directory_store.url).run("gallery", "--publish")

    assert not any("thumbnails" in name for name in directory_store.list())


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r'"full":"\.\./stylized', '"full":"javascript:alert(1)'),
        (r'"small":"thumbnails', '"small":"../../somewhere'),
        (r'"name":"photo', '"name":"../photo'),
        (r'"size":\[\d+', '"size":[100000'),
        (r'"texts":\[', '"other":['),
        (r'id="data">', 'id="data">{'),
    ],
)
def test_a_page_that_somebody_altered_in_the_remote_is_not_taken_over(
    painted: Project,
    make_project: MakeProject,
    directory_store: DirectoryStore,
    pattern: str,
    replacement: str,
) -> None:
    painted.run("gallery", "--publish")
    page = re.sub(pattern, replacement, directory_store.read(PAGE).decode())
    directory_store.write(PAGE, page.encode())

    other = make_project("other machine", directory_store.url)

    assert other.run("gallery", "--publish").exit_code == 0
    assert "photo.jpg in one.pth" not in directory_store.read(PAGE).decode()


def test_publish_keeps_what_others_have_in_the_same_folders(
    painted: Project, directory_store: DirectoryStore
) -> None:
    directory_store.write("gallery/thumbnails/mine.webp", b"mine")
    painted.run("gallery", "--publish")
    assert directory_store.read("gallery/thumbnails/mine.webp") == b"mine"


@pytest.fixture
def store_thumbnails(painted: Project, directory_store: DirectoryStore) -> set[str]:
    """The published thumbnails of a gallery."""
    painted.run("gallery", "--publish")
    return {name for name in directory_store.list() if name.startswith("gallery/thumbnails/")}


def test_open_shows_the_page_in_the_browser(
    painted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_page)
    painted.run("main")
    assert opened == []
    painted.run("gallery", "--open")
    assert opened == [Path(painted.data / PAGE).as_uri()]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="they always have a display")
@pytest.mark.parametrize(
    ("environment", "is_terminal", "expected"),
    [
        ({"DISPLAY": ":0"}, True, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True, True),
        ({}, True, False),
        ({"DISPLAY": ":0"}, False, False),
        ({"DISPLAY": ":0", "CI": "true"}, True, False),
    ],
)
def test_a_page_opens_only_in_front_of_somebody(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    is_terminal: bool,
    expected: bool,
) -> None:
    for name in ("CI", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal, raising=False)
    assert _has_screen() is expected
