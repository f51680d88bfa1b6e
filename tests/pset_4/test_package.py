"""Models as MLflow models: packaged, published, and run by MLflow itself."""

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import neural_style
from csci_utils.errors import ChangedError
from pset_4 import package

MANIFEST = "mlflow/model.pth/manifest.json"
SITE_PACKAGES = [path for path in sys.path if path.endswith("site-packages")]

PLAIN_MLFLOW = """
import sys
from importlib.util import find_spec
assert find_spec("pset_4") is None and find_spec("neural_style") is None
import mlflow.pyfunc, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
picture = open(sys.argv[2], "rb").read()
painted = model.predict(pandas.DataFrame({"picture": [picture] * 2, "suffix": [".png", ".jpg"]}))
open(sys.argv[3], "wb").write(painted["picture"][0])
open(sys.argv[4], "wb").write(painted["picture"][1])
"""


PACKAGE = ("package", "--model", "model.pth")


def run_with_mlflow(project: Any, image: str = "drawing.png") -> Any:
    """Paint with a package, and write nothing to the remote."""
    options = ("--no-upload", "--model", "model.pth", "--image", image)
    return project.run("stylize", "--runner", "mlflow", *options)


@pytest.fixture(scope="session")
def package_files(model: bytes, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A package, by path in the remote; made once, since that takes MLflow a while."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "model.pth").write_bytes(model)
    built = package.build(folder / "model.pth", folder)
    found = [path for path in built.rglob("*") if path.is_file()]
    return {f"mlflow/model.pth/{path.relative_to(built)}": path.read_bytes() for path in found}


@pytest.fixture
def packaged(
    project: Any, store: Any, drawing: bytes, model: bytes, package_files: dict[str, bytes]
) -> Any:
    """A project whose remote has a picture, and a packaged model."""
    remote = {"images/drawing.png": drawing, "saved_models/model.pth": model, **package_files}
    for path, content in remote.items():
        store.write(path, content)
    return project


@pytest.fixture
def outside_world() -> Iterator[tuple[str, list[str]]]:
    """The address of a proxy that lets nothing through, and the requests that it was asked."""
    asked: list[str] = []

    class Refusal(http.server.BaseHTTPRequestHandler):
        def do_anything(self) -> None:
            asked.append(self.requestline)
            self.send_error(403)

        do_CONNECT = do_GET = do_POST = do_HEAD = do_anything

        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_package_is_in_the_remote_with_code_weights_and_dependencies(
    project: Any, store: Any, model: bytes
) -> None:
    project.drop("model.pth", model)
    assert project.run_well("package")["published"] == 2  # the model itself, and its package
    files = [path for path in store.list() if path.startswith("mlflow/model.pth/")]
    assert "mlflow/model.pth/MLmodel" in files
    assert "mlflow/model.pth/code/neural_style/transformer_net.py" in files
    assert store.read("mlflow/model.pth/artifacts/model.pth") == model
    requirements = store.read("mlflow/model.pth/requirements.txt").decode()
    assert all(f"{name}==" in requirements for name in ("mlflow", "numpy", "pillow", "torch"))


def test_a_package_tells_nothing_of_where_the_model_was(
    directory_project: Any, directory_store: Any, model: bytes
) -> None:
    directory_project.drop("model.pth", model)
    directory_project.run_well("package")
    paths = (f"mlflow/model.pth/{name}" for name in ("MLmodel", "manifest.json"))
    texts = b"".join(map(directory_store.read, paths))
    assert str(directory_project.folder).encode() not in texts


def test_plain_mlflow_runs_a_package_without_this_project(
    directory_project: Any, photograph: bytes, model: bytes, tmp_path: Path
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("model.pth", model)
    directory_project.run_well("package")
    picture_path = tmp_path / "photo.jpg"
    picture_path.write_bytes(photograph)
    outputs = [tmp_path / "painted.png", tmp_path / "painted.jpg"]
    package_url = f"{directory_project.remote_url}/mlflow/model.pth"
    # -S: without the hooks of site-packages, through which an editable project is found.
    subprocess.run(
        [sys.executable, "-S", "-c", PLAIN_MLFLOW, package_url, picture_path, *outputs],
        env={"PYTHONPATH": ":".join(SITE_PACKAGES), "MLFLOW_DISABLE_TELEMETRY": "true"},
        check=True,
    )
    style = neural_style.load(directory_project.data / "saved_models/model.pth")
    expected = style(neural_style.load_picture(picture_path))
    assert neural_style.load_picture(outputs[0]) == expected
    neural_style.save_picture(expected, tmp_path / "expected.jpg")
    assert outputs[1].read_bytes() == (tmp_path / "expected.jpg").read_bytes()


def test_packaging_twice_does_nothing_twice(packaged: Any) -> None:
    assert packaged.run_well(*PACKAGE)["published"] == 0


def test_packaging_and_running_call_nobody(
    directory_project: Any,
    drawing: bytes,
    model: bytes,
    outside_world: tuple[str, list[str]],
) -> None:
    proxy, asked = outside_world
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    for command in (["package"], ["stylize", "--runner", "mlflow"]):
        pipeline = subprocess.run(
            directory_project.command(*command),
            env={"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "PATH": "/usr/bin:/bin"},
            cwd=directory_project.folder,
            capture_output=True,
            text=True,
        )
        assert pipeline.returncode == 0, pipeline.stderr
    assert asked == []
    assert [path.name for path in directory_project.folder.iterdir()] == ["data"]


def test_a_model_that_is_not_packaged_is_said_to_be(
    project: Any, drawing: bytes, model: bytes
) -> None:
    project.drop("drawing.png", drawing)
    project.drop("model.pth", model)
    result = project.run("stylize", "--runner", "mlflow")
    assert result.exit_code == 1
    remedy = "is not in the remote: run python -m pset_4 package --model model.pth"
    assert f"{project.remote_url}/{MANIFEST} {remedy}" in result.stderr


def test_a_package_of_a_model_that_was_replaced_is_not_run(
    packaged: Any, store: Any, make_model: Callable[[int], bytes]
) -> None:
    other = make_model(2)
    store.write("saved_models/model.pth", other)
    result = run_with_mlflow(packaged)
    assert result.exit_code == 1
    assert "model.pth was replaced since it was packaged: run python -m pset_4" in result.stderr
    packaged.run_well(*PACKAGE)
    assert store.read("mlflow/model.pth/artifacts/model.pth") == other


def test_a_package_is_made_anew_when_the_code_has_changed(packaged: Any, store: Any) -> None:
    manifest = json.loads(store.read(MANIFEST))
    store.write(MANIFEST, json.dumps({**manifest, "code_digest": "older"}).encode())
    assert packaged.run_well(*PACKAGE)["published"] == 1
    assert json.loads(store.read(MANIFEST))["code_digest"] == manifest["code_digest"]


def test_a_package_whose_publishing_was_cut_short_is_published_again(
    packaged: Any, store: Any
) -> None:
    store.remove(MANIFEST)
    store.remove("mlflow/model.pth/code/neural_style/style.py")
    assert packaged.run_well(*PACKAGE)["published"] == 1
    assert "mlflow/model.pth/code/neural_style/style.py" in store.list()


def test_what_an_older_package_had_besides_is_removed(packaged: Any, store: Any) -> None:
    manifest = json.loads(store.read(MANIFEST))
    store.write("mlflow/model.pth/code/neural_style/gone.py", b"pass")
    store.write(MANIFEST, json.dumps({**manifest, "code_digest": "older"}).encode())
    packaged.run_well(*PACKAGE)
    assert "mlflow/model.pth/code/neural_style/gone.py" not in store.list()


def test_a_damaged_package_is_not_run(packaged: Any, store: Any) -> None:
    store.write("mlflow/model.pth/painter.py", b"raise SystemExit")
    result = run_with_mlflow(packaged)
    assert result.exit_code == 1
    assert "painter.py is not what its manifest says" in result.stderr


def test_of_two_packages_published_at_once_no_mixture_is_left(
    packaged: Any, store: Any, package_files: dict[str, bytes], tmp_path: Path
) -> None:
    for path, content in package_files.items():
        local_path = tmp_path / Path(path).relative_to("mlflow/model.pth")
        local_path.parent.mkdir(parents=True, exist_ok=True)
        local_path.write_bytes(content)
    folder = f"{packaged.remote_url}/mlflow/model.pth"
    # As if somebody else's file came between ours and the manifest.
    original, done = package.copy, []

    def copy_and_meddle(source: Any, destination: Any) -> str:
        digest = original(source, destination)
        if destination.path.endswith("/MLmodel") and not done:
            done.append(destination.path)
            store.write("mlflow/model.pth/MLmodel", b"somebody else's")
        return digest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(package, "copy", copy_and_meddle)
        with pytest.raises(ChangedError, match="published by somebody else at the same time"):
            package.publish(tmp_path, folder)
    assert MANIFEST not in store.list()
    package.publish(tmp_path, folder)
    assert MANIFEST in store.list()


def test_a_fetched_package_that_was_altered_is_mended_before_it_runs(packaged: Any) -> None:
    run_with_mlflow(packaged, "absent.png")  # it is fetched, and there is nothing to paint
    (painter,) = packaged.data.glob("mlflow/model.pth/*/painter.py")
    good = painter.read_bytes()
    painter.write_bytes(b"raise SystemExit")
    run_with_mlflow(packaged, "absent.png")
    assert painter.read_bytes() == good


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "code/../../outside.py"])
def test_a_manifest_that_names_files_outside_is_refused(
    name: str, packaged: Any, store: Any
) -> None:
    manifest = json.loads(store.read(MANIFEST))
    manifest["files"] = {**manifest["files"], name: "0" * 64}
    store.write(MANIFEST, json.dumps(manifest).encode())
    result = run_with_mlflow(packaged)
    assert (result.exit_code, "is no manifest of a package" in result.stderr) == (1, True)
    assert packaged.files("mlflow") == []


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"files": []}', b"\xff"])
def test_a_damaged_manifest_is_reported(content: bytes, packaged: Any, store: Any) -> None:
    store.write(MANIFEST, content)
    result = run_with_mlflow(packaged)
    assert (result.exit_code, "package the model again" in result.stderr) == (1, True)


def test_a_damaged_manifest_is_mended_by_packaging(packaged: Any, store: Any) -> None:
    store.write(MANIFEST, b"{")
    assert packaged.run_well(*PACKAGE)["published"] == 1
    assert packaged.run_well(*PACKAGE)["published"] == 0


def test_packaging_needs_the_model_in_the_remote(directory_project: Any) -> None:
    result = directory_project.run("package", "--model", "absent.pth")
    assert (result.exit_code, "absent.pth is not in the remote" in result.stderr) == (1, True)


def test_without_mlflow_packaging_names_the_extra(
    directory_project: Any, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    directory_project.drop("model.pth", model)
    result = directory_project.run("package")
    assert (result.exit_code, "pip install '.[mlflow]'" in result.stderr) == (1, True)
