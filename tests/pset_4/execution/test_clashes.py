"""Names that a disk takes for one: the second is refused, where a folder cannot hold both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from csci_utils.text import one_line
from pset_4.execution import clashes
from pset_4.execution.clashes import can_hold_both
from tests.support.disks import DiskProject, caseless_disk
from tests.support.pipeline.projects import MakeProject, Project, failures, read_summary
from tests.support.remotes.stores import RemoteStore

PAIRS = [
    pytest.param("A.png", "a.png", id="case"),
    pytest.param("\u00e9.png", "e\u0301.png", id="accent"),
    pytest.param("\u00c9.png", "e\u0301.png", id="both"),
    pytest.param("\u212a.png", "k.png", id="Kelvin"),
    pytest.param("stra\u00dfe.png", "STRASSE.png", id="sharp s"),
    pytest.param("\u0645\u06cc\u062e\u0648.png", "\u0645\u06cc\u200c\u062e\u0648.png", id="joiner"),
    pytest.param("\u2764.png", "\u2764\ufe0f.png", id="variant"),
]


@pytest.fixture
def equal_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes names that differ by case or accents for one."""
    monkeypatch.setattr(clashes, "can_hold_both", lambda folder, first, second: False)


@pytest.mark.usefixtures("equal_names")
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_second_of_two_equal_names_is_refused(
    directory_project: Project, drawing: bytes, photograph: bytes, first: str, second: str
) -> None:
    write_remote(directory_project, {first: drawing, second: photograph})

    result = directory_project.run("download")

    kept, refused = sorted([first, second])
    assert result.exit_code == 1
    assert failures(result) == [
        f"failed: {one_line(refused)}: this disk cannot hold it beside {one_line(kept)}, whose "
        "name is equal here; rename one of them, or remove the other from the cache"
    ]
    assert directory_project.files("images") == [f"images/{kept}"]


@pytest.mark.usefixtures("equal_names")
def test_of_two_equal_folders_the_second_is_refused(
    directory_project: Project, drawing: bytes
) -> None:
    names = ["a/B/x.png", "a/B/y.png", "a/b/x.png", "a/b/z.png", "b/B/x.png"]
    write_remote(directory_project, dict.fromkeys(names, drawing))

    result = directory_project.run("download")

    assert failures(result) == [
        f"failed: {name}: this disk cannot hold it beside a/B, whose name is equal here; "
        "rename one of them, or remove the other from the cache"
        for name in ("a/b/x.png", "a/b/z.png")
    ]


@pytest.mark.usefixtures("equal_names")
def test_a_result_is_not_painted_over_one_of_an_equal_name(
    directory_project: Project, drawing: bytes, photograph: bytes, model: bytes
) -> None:
    write_remote(directory_project, {"A.png": drawing, "a.png": photograph})
    directory_project.drop("one.pth", model)

    result = directory_project.run("main", "-i", "A.png", "-i", "a.png")

    assert result.exit_code == 1
    assert directory_project.files("stylized") == ["stylized/one.pth/A.png"]


@pytest.mark.usefixtures("equal_names")
def test_a_cached_file_is_not_overwritten_by_one_of_an_equal_name(
    directory_project: Project, drawing: bytes, photograph: bytes
) -> None:
    write_remote(directory_project, {"A.png": drawing, "a.png": photograph})
    directory_project.run_well("download", "--image", "a.png")

    result = directory_project.run("download", "--image", "A.png")

    assert failures(result)[0].startswith("failed: A.png: this disk cannot hold it beside a.png")
    assert (directory_project.data / "images" / "a.png").read_bytes() == photograph


@pytest.mark.parametrize(("options", "count"), [((), 1), (("--no-upload",), 2)])
def test_the_disk_of_a_directory_remote_is_asked_if_it_is_written_to(
    directory_project: Project,
    drawing: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    count: int,
) -> None:
    write_remote(directory_project, {"A.png": drawing, "a.png": drawing})
    Path(directory_project.remote_url, "saved_models").mkdir()
    Path(directory_project.remote_url, "saved_models", "one.pth").write_bytes(model)
    remote = directory_project.remote_url
    monkeypatch.setattr(clashes, "can_hold_both", lambda folder, *names: folder != remote)

    result = directory_project.run("main", "-i", "A.png", "-i", "a.png", "-m", "one.pth", *options)

    assert read_summary(result)["painted"] == count


@pytest.mark.usefixtures("equal_names")
def test_a_name_does_not_clash_with_itself(
    project: Project, photograph: bytes, model: bytes
) -> None:
    project.drop("Photo@2.jpg", photograph)
    project.drop("One.pth", model)

    project.run_well("main")

    assert project.run_well("main")["failed"] == 0


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_disk_that_keeps_both_holds_both(
    directory_project: Project, drawing: bytes, photograph: bytes, first: str, second: str
) -> None:
    if not can_hold_both(str(directory_project.folder), first, second):
        pytest.skip("this disk takes the names for one")
    write_remote(directory_project, {first: drawing, second: photograph})

    directory_project.run_well("download")

    folder = directory_project.data / "images"
    assert [(folder / name).read_bytes() for name in (first, second)] == [drawing, photograph]


@pytest.fixture
def caseless_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that takes names for one that differ by case only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with caseless_disk(folder) as path:
        yield path


def test_a_disk_that_ignores_case_keeps_the_first_of_two_files(
    caseless_folder: Path, store: RemoteStore, drawing: bytes, photograph: bytes, model: bytes
) -> None:
    store.write("images/A.png", drawing)
    store.write("images/a.png", photograph)
    store.write("saved_models/one.pth", model)
    project = DiskProject(caseless_folder, store.url)

    result = project.run("main", "-i", "A.png", "-i", "a.png", "-m", "one.pth")

    assert result.exit_code == 1
    assert failures(result) == [
        "failed: a.png: this disk cannot hold it beside A.png, whose name is equal here; "
        "rename one of them, or remove the other from the cache"
    ]
    assert (project.data / "images" / "A.png").read_bytes() == drawing
    assert project.files("stylized") == ["stylized/one.pth/A.png"]
    assert project.run_well("main", "-i", "A.png", "-m", "one.pth")["failed"] == 0


def test_a_remote_that_ignores_case_keeps_what_it_has(
    caseless_folder: Path, make_project: MakeProject, drawing: bytes, photograph: bytes
) -> None:
    project = make_project("machine", str(caseless_folder / "remote"))
    project.drop("A.png", drawing)
    project.run_well("upload")
    project.drop("a.png", photograph)

    result = project.run("upload")

    assert result.exit_code == 1
    assert failures(result)[0].startswith(f"failed: {project.uploads / 'a.png'}: conflict: ")
    assert Path(project.remote_url, "images", "A.png").read_bytes() == drawing


def test_a_disk_is_asked_for_the_names_themselves(tmp_path: Path) -> None:
    assert not can_hold_both(str(tmp_path), "a.png", "a.png")
    assert can_hold_both(str(tmp_path / "not" / "yet"), "a.png", "b.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_disk_that_cannot_be_written_to_overwrites_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    assert can_hold_both(str(tmp_path), "a.png", "a.png")


def write_remote(project: Project, images: dict[str, bytes]) -> None:
    folder = Path(project.remote_url, "images")
    for name, content in images.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
