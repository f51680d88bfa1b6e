"""The work of a first run of main, and of the runs after it."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import URLLib3Session
from PIL import Image

from tests.support.files.pictures import decode_rgb
from tests.support.networks.models import make_model
from tests.support.pipeline.database import DATABASE
from tests.support.pipeline.programs import run_without
from tests.support.pipeline.projects import (
    MakeProject,
    Project,
    assert_failed,
    count_work,
    failures,
)
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

RESULTS = [
    f"stylized/{model}/{image}"
    for model in ("one.pth", "two.pth")
    for image in ("drawing.png", "photo.jpg")
]
CACHED = ["images/drawing.png", "images/photo.jpg", "saved_models/one.pth", "saved_models/two.pth"]


@pytest.fixture
def sent_urls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URL of each request to S3 in this process so far."""
    urls: list[str] = []
    send = URLLib3Session.send

    def record(session: URLLib3Session, request: AWSPreparedRequest) -> object:
        urls.append(request.url)
        return send(session, request)

    monkeypatch.setattr(URLLib3Session, "send", record)
    return urls


def test_main_paints_every_image_in_every_style(painted: Project) -> None:
    assert painted.files("stylized") == RESULTS


@pytest.mark.s3_every_day
def test_main_publishes_drop_ins_and_results(painted: Project, store: RemoteStore) -> None:
    assert store.list() == sorted(CACHED + RESULTS)


@pytest.mark.s3_every_day
def test_main_publishes_the_bytes_that_were_dropped_in(
    painted: Project, store: RemoteStore
) -> None:
    for name in CACHED:
        assert store.read(name) == (painted.uploads / Path(name).name).read_bytes(), name


def test_main_publishes_the_bytes_that_were_painted(painted: Project, store: RemoteStore) -> None:
    for name in RESULTS:
        assert store.read(name) == (painted.data / name).read_bytes(), name


def test_main_does_not_change_the_drop_ins(painted: Project, photograph: bytes) -> None:
    assert (painted.uploads / "photo.jpg").read_bytes() == photograph


def test_main_leaves_no_hidden_file_but_records_and_notes(painted: Project) -> None:
    hidden = {path.name for path in painted.data.rglob(".*")}

    assert hidden <= {".records.db", ".failures.json", ".pace.json"}


def test_results_have_the_size_of_their_images(painted: Project) -> None:
    with Image.open(painted.data / "stylized/one.pth/drawing.png") as result:
        assert result.size == (33, 21)


def test_results_differ_from_style_to_style(painted: Project) -> None:
    one, two = (decode_rgb((painted.data / path).read_bytes()) for path in RESULTS[::2])

    assert np.abs(one - two).max() > 1


@pytest.mark.s3_every_day
def test_a_second_run_does_nothing(painted: Project) -> None:
    # The first look at a file at rest renews its record.
    files = [path for path in painted.data.rglob("*") if path.name != DATABASE]
    times = {path: path.stat().st_mtime_ns for path in files if path.is_file()}

    summary = painted.run_well("main")

    assert summary == {"skipped": 4}
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_a_second_run_asks_s3_for_each_object_once(
    s3_project: Project, photograph: bytes, drawing: bytes, model: bytes, sent_urls: list[str]
) -> None:
    s3_project.drop("photo.jpg", photograph)
    s3_project.drop("drawing.png", drawing)
    s3_project.drop("one.pth", model)
    s3_project.run_well("main")
    sent_urls.clear()

    s3_project.run_well("main")

    keys = [url for url in sent_urls if "list-type" not in url]
    assert len(keys) == len(set(keys)) == 5


@pytest.mark.s3_every_day
def test_after_the_cache_is_removed_a_run_only_fetches(painted: Project) -> None:
    shutil.rmtree(painted.data / "images")
    shutil.rmtree(painted.data / "saved_models")

    summary = painted.run_well("main")

    assert count_work(summary) == (4, 0, 0)
    assert painted.files("images", "saved_models") == CACHED


@pytest.mark.s3_every_day
def test_after_all_but_the_drop_ins_is_removed_nothing_is_published(painted: Project) -> None:
    for path in painted.data.iterdir():
        if path.name == DATABASE:
            path.unlink()
        elif path.name not in ("uploads", "remote"):
            shutil.rmtree(path)

    assert count_work(painted.run_well("main")) == (8, 0, 0)


def test_a_new_drop_in_adds_only_its_own_work(painted: Project) -> None:
    painted.drop("three.pth", make_model(3))

    assert count_work(painted.run_well("main")) == (1, 2, 3)


@pytest.mark.s3_every_day
def test_another_machine_paints_the_same_from_the_remote_alone(
    painted: Project, store: RemoteStore, make_project: MakeProject
) -> None:
    other = make_project("other", store.url)

    summary = other.run_well("stylize", "--no-upload", "--image", "photo.jpg", "--model", "one.pth")

    result = "stylized/one.pth/photo.jpg"
    assert count_work(summary) == (2, 1, 0)
    assert (other.data / result).read_bytes() == (painted.data / result).read_bytes()


def test_main_needs_neither_pytorch_nor_openvino_to_paint_a_checkpoint(
    directory_project: Project, photograph: bytes, model: bytes
) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("model.pth", model)

    result = run_without(["torch", "openvino"], directory_project.arguments("main"))

    assert result.returncode == 0, result.stderr
    assert directory_project.files("stylized") == ["stylized/model.pth/photo.jpg"]


def test_without_drop_ins_main_paints_the_defaults_of_the_remote(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    store.write("images/luigi.jpg", photograph)
    store.write("saved_models/rain_princess.pth", model)

    summary = project.run_well("main")

    assert count_work(summary) == (2, 1, 1)
    assert "stylized/rain_princess.pth/luigi.jpg" in store.list()


def test_without_drop_ins_stylize_paints_the_defaults_of_the_remote(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    store.write("images/luigi.jpg", photograph)
    store.write("saved_models/rain_princess.pth", model)

    project.run_well("stylize", "--no-upload")

    assert project.files("stylized") == ["stylized/rain_princess.pth/luigi.jpg"]


@pytest.mark.s3_every_day
@pytest.mark.parametrize("names", [["a.jpg", "b.jpg"], ["a.jpg", "luigi.jpg"]])
def test_without_drop_ins_and_defaults_main_paints_all_that_the_remote_has(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes, names: list[str]
) -> None:
    for name in names:
        store.write(f"images/{name}", photograph)
    store.write("saved_models/one.pth", model)

    project.run_well("main")

    assert project.files("stylized") == [f"stylized/one.pth/{name}" for name in names]


@pytest.mark.parametrize("command", ["main", "stylize"])
def test_styles_without_an_image_fail_with_what_to_do(
    project: Project, store: RemoteStore, model: bytes, command: str
) -> None:
    store.write("saved_models/one.pth", model)

    result = project.run(command)

    uploads, places = project.uploads.relative_to(Path.cwd()), shlex.join(project.arguments())
    assert failures(result) == [
        "failed: no image is named, dropped in, or in the remote; "
        f"put an image into {uploads} or run python -m pset_4 main FILE {places}"
    ]
    assert result.exit_code == 1
    assert "no style named or dropped in: using all of the remote's" in result.stderr
    assert "luigi.jpg" not in result.output


def test_all_paints_what_the_remote_has_besides_the_drop_ins(
    directory_project: Project, directory_store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    directory_store.write("images/luigi.jpg", photograph)
    directory_store.write("images/theirs.jpg", photograph)
    directory_store.write("saved_models/rain_princess.pth", model)
    directory_project.drop("mine.jpg", photograph)

    assert directory_project.run_well("main", "--all")["painted"] == 3
    assert directory_project.run_well("main")["painted"] == 0


def test_with_nothing_anywhere_main_suggests_the_demo(project: Project) -> None:
    result = project.run("main")

    assert result.exit_code == 0
    assert "python -m pset_4 demo" in result.stderr
    assert "luigi.jpg" not in result.stderr
    assert not (project.data / "gallery").exists()


def test_an_image_without_any_style_fails(
    directory_project: Project, directory_store: RemoteStore, photograph: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)

    result = directory_project.run("main")

    assert_failed(result, "no style is named, dropped in, or in the remote; put a style model into")
    assert f"python -m pset_4 models fetch --remote {directory_store.url}" in result.stderr
    assert directory_store.list() == ["images/photo.jpg"]


@pytest.mark.s3_every_day
def test_no_upload_writes_nothing_to_the_remote(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/one.pth", model)

    summary = project.run_well("main", "--no-upload", "--image", "photo.jpg", "--model", "one.pth")

    assert summary["painted"] == 1
    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]
