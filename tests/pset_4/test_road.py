"""The whole road, as a person takes it: drop, main, look at the result, run again."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pset_4 import remote


def pixels_of(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.int16)


@pytest.fixture
def painted(project: Any, photograph: bytes, drawing: bytes, make_model: Any) -> Any:
    """A project after the first run of main, with two pictures and two styles."""
    project.drop("photo.jpg", photograph)
    project.drop("drawing.png", drawing)
    project.drop("one.pth", make_model(1))
    project.drop("two.pth", make_model(2))
    assert project.run_well("main")["painted"] == 4
    return project


RESULTS = [
    f"stylized/{model}/{image}"
    for model in ("one.pth", "two.pth")
    for image in ("drawing.png", "photo.jpg")
]
CACHED = ["images/drawing.png", "images/photo.jpg", "saved_models/one.pth", "saved_models/two.pth"]


def test_main_paints_every_picture_in_every_style(painted: Any) -> None:
    assert painted.files("stylized") == RESULTS


def test_main_publishes_drop_ins_and_results(painted: Any, store: Any) -> None:
    assert store.list() == sorted(CACHED + RESULTS)


def test_main_publishes_the_bytes_that_were_dropped_in(painted: Any, store: Any) -> None:
    for name in CACHED:
        dropped_in = painted.data / "uploads" / Path(name).name
        assert store.read(name) == dropped_in.read_bytes(), name


def test_main_publishes_the_bytes_that_were_painted(painted: Any, store: Any) -> None:
    for name in RESULTS:
        assert store.read(name) == (painted.data / name).read_bytes(), name


def test_main_leaves_the_drop_ins_alone(painted: Any, photograph: bytes) -> None:
    assert (painted.data / "uploads" / "photo.jpg").read_bytes() == photograph


def test_main_leaves_no_temporary_file(painted: Any) -> None:
    assert [path for path in painted.data.rglob(".luigi-tmp-*")] == []


def test_results_have_the_size_of_their_pictures(painted: Any) -> None:
    with Image.open(painted.data / "stylized/one.pth/drawing.png") as result:
        assert result.size == (33, 21)


def test_results_differ_from_style_to_style(painted: Any) -> None:
    one, two = (pixels_of((painted.data / path).read_bytes()) for path in RESULTS[::2])
    assert np.abs(one - two).max() > 1


def test_a_second_main_does_nothing(painted: Any) -> None:
    times = {path: path.stat().st_mtime_ns for path in painted.data.rglob("*") if path.is_file()}
    assert painted.run_well("main") == {
        "painted": 0,
        "published": 0,
        "fetched": 0,
        "skipped": 4,
        "failed": 0,
    }
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_a_second_main_asks_s3_for_each_object_once(
    s3_store: Any,
    make_project: Callable[..., Any],
    photograph: bytes,
    drawing: bytes,
    make_model: Any,
) -> None:
    project = make_project("machine", s3_store.url)
    project.drop("photo.jpg", photograph)
    project.drop("drawing.png", drawing)
    project.drop("one.pth", make_model(1))
    project.run_well("main")
    sent: list[str] = []
    client = remote._s3_client().boto_client
    client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.url))
    project.run_well("main")
    keys = [url for url in sent if "list-type" not in url]
    assert len(keys) == len(set(keys)) == len(s3_store.list()) == 5


def test_after_the_cache_is_wiped_main_only_fetches(painted: Any) -> None:
    shutil.rmtree(painted.data / "images")
    shutil.rmtree(painted.data / "saved_models")
    summary = painted.run_well("main")
    assert (summary["fetched"], summary["painted"], summary["published"]) == (4, 0, 0)
    assert painted.files("images", "saved_models") == CACHED


def test_after_all_but_the_drop_ins_is_wiped_main_publishes_nothing_twice(painted: Any) -> None:
    for path in painted.data.iterdir():
        if path.name not in ("uploads", "remote"):
            shutil.rmtree(path)
    summary = painted.run_well("main")
    assert (summary["fetched"], summary["painted"], summary["published"]) == (4, 4, 0)


def test_a_new_drop_in_adds_only_its_own_work(painted: Any, make_model: Any) -> None:
    painted.drop("three.pth", make_model(3))
    summary = painted.run_well("main")
    assert (summary["fetched"], summary["painted"], summary["published"]) == (1, 2, 3)


def test_another_machine_paints_from_the_remote_alone(
    painted: Any, store: Any, make_project: Callable[..., Any]
) -> None:
    other = make_project("other", store.url)
    summary = other.run_well("stylize", "--no-upload", "--image", "photo.jpg", "--model", "one.pth")
    assert (summary["fetched"], summary["painted"], summary["published"]) == (2, 1, 0)
    result = Path("stylized/one.pth/photo.jpg")
    assert (other.data / result).read_bytes() == (painted.data / result).read_bytes()


def test_without_drop_ins_main_paints_the_defaults_of_the_remote(
    project: Any, store: Any, photograph: bytes, model: bytes
) -> None:
    store.write("images/luigi.jpg", photograph)
    store.write("saved_models/rain_princess.pth", model)
    summary = project.run_well()
    assert (summary["fetched"], summary["painted"], summary["published"]) == (2, 1, 1)
    assert "stylized/rain_princess.pth/luigi.jpg" in store.list()


def test_without_drop_ins_stylize_paints_the_defaults_of_the_remote(
    project: Any, store: Any, photograph: bytes, model: bytes
) -> None:
    store.write("images/luigi.jpg", photograph)
    store.write("saved_models/rain_princess.pth", model)
    project.run_well("stylize", "--no-upload")
    assert project.files("stylized") == ["stylized/rain_princess.pth/luigi.jpg"]


def test_no_upload_writes_nothing_to_the_remote(
    project: Any, store: Any, photograph: bytes, model: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/one.pth", model)
    before = store.list()
    project.run_well("main", "--no-upload", "--image", "photo.jpg", "--model", "one.pth")
    assert store.list() == before


def test_a_file_of_many_styles_paints_every_style_in_it(
    project: Any, photograph: bytes, many_styles: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("many.onnx", many_styles)
    assert project.run_well("main")["painted"] == 26
    assert len(project.files("stylized")) == 26


def test_one_style_of_a_file_of_many_can_be_named(
    project: Any, photograph: bytes, many_styles: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("many.onnx", many_styles)
    project.run_well("main", "--model", "many.onnx@7")
    assert project.files("stylized") == ["stylized/many.onnx@7/photo.jpg"]


def test_a_file_of_many_styles_is_counted_in_the_remote_too(
    project: Any, store: Any, photograph: bytes, many_styles: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/many.onnx", many_styles)
    summary = project.run_well("stylize", "--image", "photo.jpg", "--model", "many.onnx")
    assert summary["painted"] == 26


def test_an_animation_is_painted_by_its_first_frame_and_said_so(
    directory_project: Any, model: bytes
) -> None:
    frames = [Image.new("L", (24, 16), level) for level in (40, 200)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    directory_project.drop("moving.gif", file.getvalue())
    directory_project.drop("one.pth", model)
    stderr = directory_project.run("main").stderr
    assert "painted stylized/one.pth/moving.gif (only its first frame)" in stderr


def test_a_file_of_many_styles_of_the_remote_is_fetched_and_counted_as_such(
    project: Any, store: Any, photograph: bytes, many_styles: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/many.onnx", many_styles)
    chosen = ("--image", "photo.jpg", "--model", "many.onnx", "--max-side", "16")
    result = project.run("stylize", *chosen)
    assert "fetched saved_models/many.onnx" in result.stderr
    assert "fetched        2" in result.stdout


def test_with_uploads_off_the_styles_of_the_remote_s_file_are_counted(
    project: Any, store: Any, photograph: bytes, many_styles: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/many.onnx", many_styles)
    project.drop("many.onnx", b"something else")
    chosen = ("--image", "photo.jpg", "--model", "many.onnx", "--max-side", "16")
    assert project.run_well("stylize", "--no-upload", *chosen)["painted"] == 26


def test_a_style_that_is_named_twice_is_painted_once(
    project: Any, photograph: bytes, many_styles: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("many.onnx", many_styles)
    chosen = ("--model", "many.onnx", "--model", "many.onnx@3", "--max-side", "16")
    summary = project.run_well("main", *chosen)
    assert (summary["painted"], summary["skipped"]) == (26, 0)


@pytest.mark.parametrize(
    ("kind", "size"), [("directory_store", "301x227"), ("s3_store", "512x512")]
)
def test_the_official_styles_paint_what_the_reference_does(
    request: pytest.FixtureRequest,
    make_project: Callable[..., Any],
    weights_dir: Path,
    kind: str,
    size: str,
) -> None:
    store = request.getfixturevalue(kind)
    project = make_project("machine", store.url)
    reference = weights_dir.parent / "reference"
    models = sorted(weights_dir.glob("*.pth"))
    for path in [reference / f"amber-{size}.png", *models]:
        project.drop(path.name, path.read_bytes())
    assert project.run_well("main")["painted"] == len(models) == 4
    for path in models:
        ours = pixels_of(store.read(f"stylized/{path.name}/amber-{size}.png"))
        theirs = pixels_of((reference / f"amber-{size}-{path.stem}.png").read_bytes())
        height, width = ours.shape[:2]
        difference = np.abs(ours - theirs[:height, :width])
        assert (width, height) == tuple(map(int, size.split("x")))
        assert difference.max() <= 1, np.bincount(difference.ravel())
