"""Patterns, names without a suffix, and what is suggested for names that nothing has."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result

from pset_4.storage.lookup import Names
from tests.support.pipeline.projects import Project, assert_failed, failures
from tests.support.remotes.stores import DirectoryStore, RemoteStore

pytestmark = pytest.mark.s3_in_soak

NAMES = ["a[1].png", "coffee.png", "lisbon/day/tram.png", "lisbon/bridge.png", "lisbon/tram.png"]


@pytest.fixture
def filled_project(directory_project: Project, drawing: bytes, model: bytes) -> Project:
    """A project with images and models dropped in."""
    for name in NAMES:
        directory_project.drop(name, drawing)
    for name in ("candy.pth", "shared/mosaic.pth", "same.pth", "same.pt"):
        directory_project.drop(name, model)
    return directory_project


def published(store: RemoteStore) -> list[str]:
    """Return the names of the images in the remote."""
    return [path.removeprefix("images/") for path in store.list()]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a[1].png", "coffee.png"]),
        ("lisbon/*", ["lisbon/bridge.png", "lisbon/tram.png"]),
        ("lisbon/**", ["lisbon/bridge.png", "lisbon/day/tram.png", "lisbon/tram.png"]),
        ("**/tram.png", ["lisbon/day/tram.png", "lisbon/tram.png"]),
        ("**/*.png", sorted(NAMES)),
        ("*/*/tram.???", ["lisbon/day/tram.png"]),
        ("lisbon/[!b]*", ["lisbon/tram.png"]),
        ("a[1].png", ["a[1].png"]),
    ],
)
def test_a_pattern_selects_images(
    filled_project: Project, directory_store: DirectoryStore, pattern: str, expected: list[str]
) -> None:
    filled_project.run_well("upload", "--image", pattern)

    assert published(directory_store) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-i", "lisbon/**", "--exclude", "**/tram.png"], ["lisbon/bridge.png"]),
        (["-i", "**", "--exclude", "lisbon/**", "--exclude", "coffee.png"], ["a[1].png"]),
    ],
)
def test_what_is_excluded_is_left_out(
    filled_project: Project, directory_store: DirectoryStore, words: list[str], expected: list[str]
) -> None:
    filled_project.run_well("upload", *words)

    assert published(directory_store) == expected


def test_an_excluded_drop_in_that_is_refused_is_not_reported(
    filled_project: Project, directory_store: DirectoryStore
) -> None:
    filled_project.drop("lisbon/notes.txt", b"")

    filled_project.run_well("upload", "--exclude", "**/*.txt", "--exclude", "**/*.p[tn]*")

    assert directory_store.list() == []


def test_patterns_and_excluded_models_reach_the_painting(
    filled_project: Project, directory_store: DirectoryStore
) -> None:
    words = ("--image", "co*", "--style", "**/*.p*", "--exclude", "same.p*")

    filled_project.run_well("main", *words)

    results = [path for path in directory_store.list() if path.startswith("stylized/")]
    assert results == [
        "stylized/candy.pth/coffee.png",
        "stylized/shared/mosaic.pth/coffee.png",
    ]


def test_single_styles_of_a_file_are_excluded(
    directory_project: Project, photograph: bytes, many_styles: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("many.onnx", many_styles)

    words = ("--exclude", "many.onnx@1?", "--exclude", "many.onnx@2?", "--exclude", "*@[3-9]")
    directory_project.run_well("stylize", "--max-side", "32", *words)

    expected = [f"stylized/many.onnx@{number}/photo.jpg" for number in range(3)]
    assert directory_project.files("stylized") == expected


@pytest.mark.s3_every_day
def test_a_pattern_finds_what_only_the_remote_has(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    store.write("saved_models/shared/candy.pth", model)

    summary = project.run_well("main", "--image", "*.jpg", "--model", "shared/c*")

    assert summary["painted"] == 1


@pytest.mark.parametrize(
    ("text", "expected"), [("candy", "candy.pth"), ("mosaic", "shared/mosaic.pth")]
)
def test_a_style_is_named_without_its_suffix(
    filled_project: Project, directory_store: DirectoryStore, text: str, expected: str
) -> None:
    filled_project.run_well("upload", "--style", text)

    assert directory_store.list() == [f"saved_models/{expected}"]


def test_an_image_is_named_without_its_suffix(
    project: Project, store: RemoteStore, drawing: bytes
) -> None:
    project.drop("IMG_0001.png", drawing)
    store.write("images/lisbon/IMG_0002.png", drawing)

    project.run_well("upload", "--image", "IMG_0001")
    project.run_well("download", "--image", "IMG_0002")

    assert project.files("images") == ["images/lisbon/IMG_0002.png"]
    assert store.list() == ["images/IMG_0001.png", "images/lisbon/IMG_0002.png"]


def test_a_name_without_suffix_that_several_styles_have_is_an_error(
    filled_project: Project,
) -> None:
    result = filled_project.run("main", "--style", "same")

    assert_failed(result, "same: several models have this name; name one of same.pt, same.pth")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-i", "cofee"), "cofee: no image has such a name; did you mean coffee.png"),
        (("-i", "lisbn/*.png"), "lisbn/*.png: no image has such a name; did you mean lisbon/"),
        (("-m", "cndy"), "cndy: no style model has such a name; did you mean candy.pth"),
        (("--exclude", "cofee.png"), "cofee.png: no image or style model has such a name; did you"),
    ],
)
@pytest.mark.parametrize("command", ["main", "upload"])
def test_what_selects_nothing_is_an_error(
    filled_project: Project, command: str, words: tuple[str, ...], message: str
) -> None:
    assert_failed(filled_project.run(command, *words), message)


def test_a_pattern_of_drop_ins_does_not_count_without_uploads(filled_project: Project) -> None:
    result = filled_project.run("stylize", "--no-upload", "-i", "lisbon/*.png", "-m", "candy.pth")

    assert_failed(result, "lisbon/*.png: dropped in, but not in the remote, and uploads are off")


def test_a_missing_official_model_can_be_downloaded(filled_project: Project) -> None:
    result = filled_project.run("main", "-i", "coffee.png", "-m", "udnie")

    assert_failed(result, "udnie: no style model has such a name; python -m pset_4 models fetch")


def test_to_exclude_everything_is_an_error(filled_project: Project) -> None:
    result = filled_project.run("main", "-i", "coffee.png", "--exclude", "coffee.png")

    assert_failed(result, "--exclude: nothing is left; leave out less")


@pytest.mark.parametrize("command", ["main", "upload", "download"])
def test_a_near_miss_is_answered_with_the_nearest_name(
    project: Project, store: RemoteStore, drawing: bytes, model: bytes, command: str
) -> None:
    project.drop("coffee.png", drawing)
    store.write("images/coffee.png", drawing)
    store.write("saved_models/one.pth", model)

    result = project.run(command, "--image", "cofee.png", "--model", "one.pth")

    lines = [line for line in failures(result) if "cofee.png" in line]
    assert "did you mean coffee.png? Otherwise drop it in" in lines[0]


@pytest.mark.s3_every_day
@pytest.mark.parametrize("command", [("download",), ("main", "-m", "one"), ("main", "--all")])
def test_a_name_of_the_remote_that_cannot_be_used_keeps_no_other(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes, command: tuple[str, ...]
) -> None:
    for name in ("images/a<b.jpg", "images/c.jpg", "saved_models/a<b.pth", "saved_models/one.pth"):
        store.write(name, model if name.endswith(".pth") else photograph)

    words = () if "--all" in command else ("-i", "*.jpg")
    result = project.run(*command, *words)

    assert_failed(result, "failed: a<b.jpg: Windows forbids the characters < in names")
    assert "images/c.jpg" in project.files("images")


def test_a_drop_in_that_cannot_be_used_keeps_no_other_of_a_pattern(
    directory_project: Project, directory_store: DirectoryStore, drawing: bytes, model: bytes
) -> None:
    for name in (" a.png", "b.png"):
        directory_project.drop(name, drawing)
    for name in (" a.pth", "b.pth"):
        directory_project.drop(name, model)

    result = directory_project.run("upload", "-i", "*.png", "-m", "*.pth")

    assert len(failures(result)) == 2
    assert directory_store.list() == ["images/b.png", "saved_models/b.pth"]


@pytest.mark.parametrize("excluded", ["mine.jpg", "lisbon/*"])
def test_with_all_both_drop_ins_and_the_remote_can_be_excluded(
    directory_project: Project,
    directory_store: DirectoryStore,
    photograph: bytes,
    model: bytes,
    excluded: str,
) -> None:
    directory_project.drop("mine.jpg", photograph)
    directory_store.write("images/lisbon/tram.jpg", photograph)
    directory_store.write("saved_models/one.pth", model)

    directory_project.run_well("main", "--all", "--exclude", excluded)

    names = {"mine.jpg": "lisbon/tram.jpg", "lisbon/*": "mine.jpg"}
    assert directory_project.files("stylized") == [f"stylized/one.pth/{names[excluded]}"]


def test_what_the_remote_has_in_place_of_defaults_can_be_excluded(
    directory_project: Project, directory_store: DirectoryStore, photograph: bytes, model: bytes
) -> None:
    for name in ("lisbon/tram.jpg", "porto/tram.jpg"):
        directory_store.write(f"images/{name}", photograph)
    directory_store.write("saved_models/one.pth", model)

    directory_project.run_well("main", "--exclude", "lisbon/*")

    assert directory_project.files("stylized") == ["stylized/one.pth/porto/tram.jpg"]


def test_a_file_that_is_given_as_a_name_is_explained(
    directory_project: Project, drawing: bytes, model: bytes
) -> None:
    directory_project.drop("one.pth", model)
    (directory_project.folder.parent / "here.png").write_bytes(drawing)

    result = directory_project.run("main", "--image", "here.png")

    assert_failed(result, "give the file as an argument (main here.png), or drop it into")


@pytest.mark.parametrize("pattern", ["/etc/*", "../*", "a\\*", "a//*"])
def test_a_pattern_of_paths_is_a_usage_error(directory_project: Project, pattern: str) -> None:
    result = directory_project.run("main", "--image", pattern)

    assert_failed(result, f"{pattern}: not a pattern of names", exit_code=2)


def assert_usage_error(result: Result, message: str) -> None:
    assert_failed(result, message, exit_code=2)
    assert result.stdout == ""


@pytest.mark.parametrize("command", [("status",), ("verify",), ("models", "list")])
def test_a_folder_that_does_not_exist_is_not_called_empty(
    directory_project: Project, command: tuple[str, ...]
) -> None:
    result = directory_project.run(*command, "--data", "nowhere")

    assert_usage_error(result, "nowhere: there is no such folder; check --data")


@pytest.mark.parametrize("command", [("status",), ("main",), ("upload",), ("models", "list")])
def test_a_forgotten_scheme_is_not_called_a_directory(
    directory_project: Project, command: tuple[str, ...]
) -> None:
    result = directory_project.run(*command, "--remote", "my-bucket")

    assert_usage_error(result, "did you mean s3://my-bucket? Otherwise name s3://bucket/")


def test_a_forgotten_scheme_before_a_prefix_is_asked_for(directory_project: Project) -> None:
    result = directory_project.run("main", "--remote", "my-bucket/prefix")

    assert_usage_error(result, "did you mean s3://my-bucket/prefix? Otherwise name s3://bucket/")


@pytest.mark.parametrize("remote", ["s3:/my-bucket/x", "s3:my-bucket/x", "S3://my-bucket/x"])
def test_a_mistyped_scheme_is_asked_for(directory_project: Project, remote: str) -> None:
    result = directory_project.run("main", "--remote", remote)

    assert_usage_error(result, "did you mean s3://my-bucket/x? Otherwise name s3://bucket/")


def test_a_new_directory_is_named_as_a_path(
    directory_project: Project, drawing: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory_project.folder)
    directory_project.drop("coffee.png", drawing)

    for path in ("./my-bucket", "my-bucket"):  # the second of which is there by then
        result = directory_project.run("upload", "--remote", path)
        assert result.exit_code == 0, result.output
        is_new = "note: my-bucket: a new directory, which becomes the remote\n" in result.stderr
        assert is_new == (path == "./my-bucket")
    assert Path("my-bucket/images/coffee.png").read_bytes() == drawing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat.png", ""),  # only the suffix is alike
        ("meta.jpg", "did you mean meta.png?"),
        ("tramm.jpg", "did you mean lisbon/tram.jpg?"),
        ("lisbn/trm.jpg", "did you mean lisbon/tram.jpg?"),
    ],
)
def test_names_are_alike_without_their_suffixes(text: str, expected: str) -> None:
    assert Names(["meta.png", "lisbon/tram.jpg"]).suggest(text) == expected
