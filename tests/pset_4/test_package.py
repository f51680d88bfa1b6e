"""Models as MLflow models: packaged, published, and run by MLflow itself."""

import hashlib
import http.server
import io
import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pandas
import pytest
from PIL import Image

import neural_style
from csci_utils.errors import ChangedError
from pset_4.packaging import package
from pset_4.remote import target_at

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
    return read_files(package.build(folder / "model.pth", folder))


@pytest.fixture
def mlflow(package_files: dict[str, bytes]) -> Any:
    """MLflow; not imported by the tests themselves, before it was told to be offline."""
    return sys.modules["mlflow"]


@pytest.fixture
def painter(mlflow: Any, model: bytes, tmp_path: Path) -> Any:
    """What a package paints with."""
    with warnings.catch_warnings(record=True):  # of what a schema is there for instead
        from pset_4.packaging.painter import Painter
    (tmp_path / "model.pth").write_bytes(model)
    found = Painter()
    artifacts = {"style": str(tmp_path / "model.pth")}
    found.load_context(mlflow.pyfunc.PythonModelContext(artifacts, {}))
    return found


def read_files(folder: Path) -> dict[str, bytes]:
    """A package's files, by path in the remote."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {
        f"mlflow/model.pth/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in found
    }


@pytest.fixture
def other_package_files(package_files: dict[str, bytes]) -> dict[str, bytes]:
    """The package of another state of the code."""
    files = dict(package_files)
    manifest = json.loads(files[MANIFEST])
    for name in ("MLmodel", "code/neural_style/style.py", "requirements.txt"):
        files[f"mlflow/model.pth/{name}"] += b"\n"
        content = files[f"mlflow/model.pth/{name}"]
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
    files[MANIFEST] = json.dumps({**manifest, "code_digest": "other"}).encode()
    return files


@pytest.fixture
def make_publisher(store: Any, tmp_path: Path) -> Callable[..., Callable[[], None]]:
    """Makes what publishes a package, given by its files."""

    def make(name: str, files: dict[str, bytes]) -> Callable[[], None]:
        for path, content in files.items():
            local_path = tmp_path / name / Path(path).relative_to("mlflow/model.pth")
            local_path.parent.mkdir(parents=True, exist_ok=True)
            local_path.write_bytes(content)
        return lambda: package.publish(tmp_path / name, f"{store.url}/mlflow/model.pth")

    return make


@pytest.fixture
def code_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `neural_style`, which goes into packages in its place."""
    code_path = Path(neural_style.__file__).parent
    copied = shutil.copytree(
        code_path, tmp_path / "neural_style", ignore=lambda folder, names: {"__pycache__"}
    )
    monkeypatch.setattr(neural_style, "__file__", str(copied / "__init__.py"))
    return copied


@pytest.fixture
def s3_packaged(
    s3_store: Any,
    make_project: Callable[[str, str], Any],
    model: bytes,
    other_package_files: dict[str, bytes],
) -> Any:
    """A project whose remote has an outdated package, and whose credentials may remove nothing."""
    for path, content in {"saved_models/model.pth": model, **other_package_files}.items():
        s3_store.write(path, content)
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{s3_store.bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    s3_store.client.put_bucket_policy(Bucket=s3_store.bucket, Policy=policy)
    return make_project("machine", s3_store.url)


def published_files(store: Any) -> dict[str, bytes]:
    """What is published of the package, by path in the remote."""
    paths = [path for path in store.list() if path.startswith("mlflow/")]
    return {path: store.read(path) for path in paths}


def call_at_once(functions: list[Callable[[], None]]) -> list[BaseException | None]:
    """Call each in a thread of its own; what they raised."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [call.exception() for call in [pool.submit(function) for function in functions]]


def call_after(copied: str, action: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something once, as others might, right after a file of this name was copied."""
    original, actions = package.copy, [action]

    def copy_and_act(source: Any, destination: Any) -> str:
        digest: str = original(source, destination)
        if destination.path.endswith(f"/{copied}") and actions:
            actions.pop()()
        return digest

    monkeypatch.setattr(package, "copy", copy_and_act)


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
def outside_world(
    serving: Callable[..., AbstractContextManager[str]],
) -> Iterator[tuple[str, list[str]]]:
    """The address of a proxy that lets nothing through, and the requests that it was asked."""
    asked: list[str] = []

    class Refusal(http.server.BaseHTTPRequestHandler):
        def do_anything(self) -> None:
            asked.append(self.requestline)
            self.send_error(403)

        do_CONNECT = do_GET = do_POST = do_HEAD = do_anything

        def log_message(self, *arguments: object) -> None:
            pass

    with serving(Refusal) as address:
        yield address, asked


def test_a_package_is_in_the_remote_with_code_weights_and_dependencies(
    project: Any, store: Any, model: bytes
) -> None:
    project.drop("model.pth", model)
    assert project.run_well("package")["published"] == 2  # the model itself, and its package
    files = [path for path in store.list() if path.startswith("mlflow/model.pth/")]
    assert "mlflow/model.pth/MLmodel" in files
    assert "mlflow/model.pth/code/neural_style/transformer_net.py" in files
    assert store.read("mlflow/model.pth/artifacts/style.pth") == model
    requirements = store.read("mlflow/model.pth/requirements.txt").decode()
    assert all(f"{name}==" in requirements for name in ("mlflow", "numpy", "pillow", "torch"))


def test_no_file_of_a_package_tells_where_it_was_made(
    package_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = str(tmp_path_factory.getbasetemp()).encode()
    assert [path for path, content in package_files.items() if folder in content] == []


def test_a_package_that_is_made_twice_has_the_same_bytes(
    package_files: dict[str, bytes], model: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere, in a folder with a longer name"
    folder.mkdir()
    (folder / "other-name.pth").write_bytes(model)
    assert read_files(package.build(folder / "other-name.pth", folder)) == package_files


def test_of_code_a_package_has_python_alone(package_files: dict[str, bytes]) -> None:
    code = [path for path in package_files if "/code/" in path]
    assert code and [path for path in code if not path.endswith(".py")] == []


def test_hidden_folders_beside_the_code_are_passed_over(code_copy: Path) -> None:
    digest = package.digest_code()
    hidden = code_copy / ".venv/lib/module.py"
    hidden.parent.mkdir(parents=True)
    hidden.write_text("pass")
    assert package.digest_code() == digest


def test_the_same_code_in_another_place_is_other_code(code_copy: Path) -> None:
    digest = package.digest_code()
    (code_copy / "zz").mkdir()
    (code_copy / "utils.py").rename(code_copy / "zz/utils.py")
    assert package.digest_code() != digest


def test_mlflow_keeps_its_own_files_in_the_scratch_folder(
    mlflow: Any, model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://somebody.example")
    (tmp_path / "model.pth").write_bytes(model)
    original, seen = mlflow.pyfunc.save_model, []

    def save_and_tell(*arguments: Any, **options: Any) -> None:
        seen.append(mlflow.get_tracking_uri())
        original(*arguments, **options)

    monkeypatch.setattr(mlflow.pyfunc, "save_model", save_and_tell)
    package.build(tmp_path / "model.pth", tmp_path)
    assert (seen, mlflow.get_tracking_uri()) == (
        [(tmp_path / "tracking").as_uri()],
        "https://somebody.example",
    )


def test_a_model_may_have_any_name(
    directory_project: Any, directory_store: Any, model: bytes
) -> None:
    name = "50%20 é#1.pth"
    directory_project.drop(name, model)
    directory_project.run_well("package")
    assert directory_store.read(f"mlflow/{name}/artifacts/style.pth") == model


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


def test_a_remedy_can_be_pasted_into_a_shell(
    directory_project: Any, directory_store: Any, drawing: bytes, model: bytes
) -> None:
    directory_store.write("images/drawing.png", drawing)
    directory_store.write("saved_models/my model.pth", model)
    options = ("--no-upload", "--image", "drawing.png", "--model", "my model.pth")
    result = directory_project.run("stylize", "--runner", "mlflow", *options)
    assert "run python -m pset_4 package --model 'my model.pth'\n" in result.stderr


def test_a_package_of_a_model_that_was_replaced_is_not_run(
    packaged: Any, store: Any, make_model: Callable[[int], bytes]
) -> None:
    other = make_model(2)
    store.write("saved_models/model.pth", other)
    result = run_with_mlflow(packaged)
    assert result.exit_code == 1
    assert "model.pth was replaced since it was packaged: run python -m pset_4" in result.stderr
    packaged.run_well(*PACKAGE)
    assert store.read("mlflow/model.pth/artifacts/style.pth") == other


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


def test_publishers_of_the_same_bytes_at_once_all_succeed(
    store: Any,
    make_publisher: Callable[..., Callable[[], None]],
    package_files: dict[str, bytes],
) -> None:
    publishers = [make_publisher(name, package_files) for name in ("one", "two", "three")]
    publishers[0]()
    assert call_at_once(publishers) == [None] * 3
    assert published_files(store) == package_files


def test_publishing_the_same_bytes_never_takes_them_away(
    store: Any,
    make_publisher: Callable[..., Callable[[], None]],
    package_files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = make_publisher("one", package_files)
    publish()
    call_after("MLmodel", lambda: sys.exit("stopped here"), monkeypatch)
    with pytest.raises(SystemExit):
        publish()
    assert published_files(store) == package_files


def test_what_others_have_removed_already_is_passed_over(
    store: Any,
    make_publisher: Callable[..., Callable[[], None]],
    package_files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(package, "list_paths", lambda folder: ["gone.py"])
    make_publisher("one", package_files)()
    assert published_files(store) == package_files


def test_a_package_that_others_overwrite_is_sent_anew(
    store: Any,
    make_publisher: Callable[..., Callable[[], None]],
    package_files: dict[str, bytes],
    other_package_files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = make_publisher("one", package_files)
    call_after("MLmodel", make_publisher("other", other_package_files), monkeypatch)
    publish()
    assert published_files(store) == package_files


def test_a_package_that_others_replace_is_given_up(
    store: Any,
    make_publisher: Callable[..., Callable[[], None]],
    package_files: dict[str, bytes],
    other_package_files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = make_publisher("one", package_files)
    call_after("manifest.json", make_publisher("other", other_package_files), monkeypatch)
    with pytest.raises(ChangedError, match="published by somebody else at the same time"):
        publish()
    assert published_files(store) == other_package_files


def test_of_two_packages_published_at_once_one_is_left_whole(
    store: Any,
    make_publisher: Callable[..., Callable[[], None]],
    package_files: dict[str, bytes],
    other_package_files: dict[str, bytes],
) -> None:
    publishers = [
        make_publisher("one", package_files),
        make_publisher("other", other_package_files),
    ]
    assert {type(error) for error in call_at_once(publishers)} <= {type(None), ChangedError}
    assert published_files(store) in (package_files, other_package_files)


def test_a_file_that_may_not_be_removed_is_reported_with_what_that_takes(
    s3_packaged: Any, s3_store: Any
) -> None:
    s3_store.write("mlflow/model.pth/code/neural_style/gone.py", b"pass")
    result = s3_packaged.run(*PACKAGE)
    assert (result.exit_code, "takes s3:DeleteObject, too" in result.stderr) == (1, True)


def test_a_package_of_the_same_files_is_replaced_without_removing_any(
    s3_packaged: Any, s3_store: Any, package_files: dict[str, bytes]
) -> None:
    s3_packaged.run_well(*PACKAGE)
    assert published_files(s3_store) == package_files


def test_a_package_that_was_damaged_in_the_remote_is_published_again(
    packaged: Any, store: Any, package_files: dict[str, bytes]
) -> None:
    store.write("mlflow/model.pth/painter.py", b"raise SystemExit")
    assert packaged.run_well(*PACKAGE)["published"] == 1
    assert published_files(store) == package_files


def test_a_fetched_package_that_was_altered_is_mended_before_it_runs(packaged: Any) -> None:
    run_with_mlflow(packaged, "absent.png")  # it is fetched, and there is nothing to paint
    (painter,) = packaged.data.glob("mlflow/model.pth/*/painter.py")
    good = painter.read_bytes()
    painter.write_bytes(b"raise SystemExit")
    run_with_mlflow(packaged, "absent.png")
    assert painter.read_bytes() == good


def test_a_fetched_package_that_was_altered_with_its_manifest_is_mended(packaged: Any) -> None:
    run_with_mlflow(packaged, "absent.png")
    (manifest_path,) = packaged.data.glob("mlflow/model.pth/*/manifest.json")
    painter = manifest_path.with_name("painter.py")
    good = painter.read_bytes()
    painter.write_bytes(b"raise SystemExit")
    manifest = json.loads(manifest_path.read_bytes())
    manifest["files"]["painter.py"] = hashlib.sha256(b"raise SystemExit").hexdigest()
    manifest_path.write_text(json.dumps(manifest))
    run_with_mlflow(packaged, "absent.png")
    assert painter.read_bytes() == good


def test_a_fetched_manifest_that_was_damaged_is_fetched_again(
    packaged: Any, package_files: dict[str, bytes]
) -> None:
    run_with_mlflow(packaged, "absent.png")
    (manifest_path,) = packaged.data.glob("mlflow/model.pth/*/manifest.json")
    manifest_path.write_bytes(b"{")
    run_with_mlflow(packaged, "absent.png")
    assert manifest_path.read_bytes() == package_files[MANIFEST]


def test_a_fetched_manifest_is_the_one_of_the_fetched_files(
    packaged: Any,
    store: Any,
    package_files: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call_after("painter.py", lambda: store.write(MANIFEST, b"of another package"), monkeypatch)
    manifest_path = tmp_path / "fetched/manifest.json"
    package.fetch(f"{store.url}/mlflow/model.pth", target_at(str(manifest_path)))
    assert manifest_path.read_bytes() == package_files[MANIFEST]


def test_a_package_that_lacks_a_file_is_not_run(packaged: Any, store: Any) -> None:
    store.remove("mlflow/model.pth/painter.py")
    result = run_with_mlflow(packaged)
    assert result.exit_code == 1
    assert "painter.py is not what its manifest says" in result.stderr


@pytest.mark.parametrize("suffix", ["/../stolen.png", ".exe", ""])
def test_a_painter_answers_in_formats_of_pictures_alone(
    suffix: str, painter: Any, drawing: bytes
) -> None:
    with pytest.raises(neural_style.PictureError, match="expected the suffix of a picture, got"):
        painter.predict(None, pandas.DataFrame({"picture": [drawing], "suffix": [suffix]}))


def test_a_painter_refuses_before_it_paints_what_the_format_cannot_hold(
    painter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neural_style.Style, "__call__", Mock(side_effect=AssertionError))
    file = io.BytesIO()
    Image.new("RGB", (330, 1)).save(file, "PNG")
    row = {"picture": [file.getvalue()], "suffix": [".webp"], "content_scale": [0.02]}
    with pytest.raises(neural_style.PictureError, match="at most 16383 px a side for WEBP"):
        painter.predict(None, pandas.DataFrame(row))


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
    assert (result.exit_code, "pip install '.[style,mlflow]'" in result.stderr) == (1, True)
