"""What a package holds, and that it needs neither this project nor the network."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import neural_style
from neural_style.system.warning_filter import suppress_warnings
from pset_4.packaging import build_package, digest_code
from pset_4.packaging.contents import CODE, list_code
from tests.support.pipeline.projects import Project
from tests.support.pipeline.published import Files, read_files
from tests.support.remotes.stores import DirectoryStore, RemoteStore

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
"""Paints an image twice with a package. Arguments: the package, the image, and both results."""


@pytest.fixture
def code_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `neural_style`, which packages get instead of the original."""
    copied = shutil.copytree(
        Path(neural_style.__file__).parent,
        tmp_path / "neural_style",
        ignore=lambda folder, names: {"__pycache__"},
    )
    monkeypatch.setattr(neural_style, "__file__", str(copied / "__init__.py"))
    return copied


def test_a_published_package_has_code_weights_and_requirements(
    project: Project, store: RemoteStore, model: bytes
) -> None:
    project.drop("model.pth", model)

    counts = project.run_well("package")

    paths = store.list()
    assert counts["published"] == 2  # the model itself, and its package
    assert "mlflow/model.pth/MLmodel" in paths
    assert "mlflow/model.pth/code/neural_style/transformer_net.py" in paths
    assert store.read("mlflow/model.pth/artifacts/style.pth") == model
    requirements = store.read("mlflow/model.pth/requirements.txt").decode()
    assert all(f"{name}==" in requirements for name in ("mlflow", "numpy", "openvino", "pillow"))
    assert not any(name in requirements for name in ("torch", "pset_4"))


def test_no_file_of_a_package_shows_where_it_was_built(
    whole_package_files: Files, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = str(tmp_path_factory.getbasetemp()).encode()

    assert [path for path, content in whole_package_files.items() if folder in content] == []


def test_a_package_that_is_built_twice_has_the_same_bytes(
    whole_package_files: Files, model: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere, in a folder with a longer name"
    folder.mkdir()
    (folder / "other-name.pth").write_bytes(model)

    package_path = build_package(folder / "other-name.pth", folder)

    assert read_files(package_path) == whole_package_files


def test_the_code_of_a_package_is_only_python(whole_package_files: Files) -> None:
    code = [path for path in whole_package_files if "/code/" in path]

    assert code
    assert [path for path in code if not path.endswith(".py")] == []


def test_hidden_folders_beside_the_code_are_ignored(code_copy: Path) -> None:
    digest = digest_code()
    hidden = code_copy / ".venv/lib/module.py"
    hidden.parent.mkdir(parents=True)
    hidden.write_text("pass")

    assert digest_code() == digest


def test_the_same_code_under_another_path_is_other_code(code_copy: Path) -> None:
    digest = digest_code()
    (code_copy / "zz").mkdir()
    (code_copy / "errors.py").rename(code_copy / "zz/errors.py")

    assert digest_code() != digest


def test_mlflow_keeps_its_own_files_in_the_scratch_folder(
    mlflow: ModuleType, model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://somebody.example")
    (tmp_path / "model.pth").write_bytes(model)
    save, uris = mlflow.pyfunc.save_model, []

    def save_and_record(*arguments: object, **options: object) -> None:
        uris.append(mlflow.get_tracking_uri())
        save(*arguments, **options)

    monkeypatch.setattr(mlflow.pyfunc, "save_model", save_and_record)

    build_package(tmp_path / "model.pth", tmp_path)

    assert uris == [(tmp_path / "tracking").as_uri()]
    assert mlflow.get_tracking_uri() == "https://somebody.example"


def test_a_model_may_have_any_name(
    directory_project: Project, directory_store: DirectoryStore, model: bytes
) -> None:
    name = "50%20 é#1.pth"
    directory_project.drop(name, model)

    directory_project.run_well("package")

    assert directory_store.read(f"mlflow/{name}/artifacts/style.pth") == model


def imported_modules(name: str, path: Path) -> Iterator[str]:
    """Yield the modules of ours that a module imports when it is imported itself."""
    package = name.removesuffix(".py").split("/")[:-1]
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = "/".join([*base, *(node.module or "").split(".")]).strip("/")
            if module.split("/")[0] in CODE:
                yield module


def test_a_package_carries_the_modules_that_its_code_imports() -> None:
    code = list_code()

    missing = {
        f"{name} imports {module}"
        for name, path in code.items()
        for module in imported_modules(name, path)
        if not {f"{module}.py", f"{module}/__init__.py"} & set(code)
    }

    assert missing == set()


def test_plain_mlflow_runs_a_package_without_this_project(
    directory_project: Project, photograph: bytes, model: bytes, tmp_path: Path
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("model.pth", model)
    directory_project.run_well("package")
    image_path = tmp_path / "photo.jpg"
    image_path.write_bytes(photograph)
    results = [tmp_path / "painted.png", tmp_path / "painted.jpg"]
    package_url = f"{directory_project.remote_url}/mlflow/model.pth"

    # -S disables the hooks in site-packages, which would find an editable project.
    plain = subprocess.run(
        [sys.executable, "-S", "-c", PLAIN_MLFLOW, package_url, image_path, *results],
        env={"PYTHONPATH": ":".join(SITE_PACKAGES), "MLFLOW_DISABLE_TELEMETRY": "true"},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )

    assert "type hints" not in plain.stderr
    style = neural_style.load(directory_project.data / "saved_models/model.pth")
    expected = style(neural_style.load_picture(image_path))
    for painted in results:
        path = tmp_path / f"expected{painted.suffix}"
        neural_style.save_picture(expected, path)
        found, wanted = map(neural_style.load_picture, (painted, path))
        assert found.tobytes() == wanted.tobytes()
        provenance = neural_style.read_provenance(painted)
        assert provenance is not None and provenance.model == "style.pth"


@pytest.mark.soak
def test_packaging_and_running_send_nothing_over_the_network(
    directory_project: Project,
    drawing: bytes,
    model: bytes,
    outside_world: tuple[str, list[str]],
) -> None:
    proxy, requests = outside_world
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

    assert requests == []
    assert [path.name for path in directory_project.folder.iterdir()] == ["data"]


def test_without_mlflow_the_error_names_the_extra(
    directory_project: Project, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    directory_project.drop("model.pth", model)

    result = directory_project.run("package")

    assert result.exit_code == 1
    assert "-m pip install '.[style,mlflow]' in the project's folder" in result.stderr


def test_building_beside_a_thread_that_decodes_leaves_the_filters_of_warnings(
    package_files: Files, model: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow.pyfunc")
    before, decoding = list(warnings.filters), suppress_warnings()
    save_model = mlflow.save_model

    def end_decoding_and_save(*arguments: Any, **options: Any) -> None:
        decoding.__exit__(None, None, None)
        save_model(*arguments, **options)

    monkeypatch.setattr(mlflow, "save_model", end_decoding_and_save)
    path, folder = tmp_path / "model.pth", tmp_path / "scratch"
    path.write_bytes(model)
    folder.mkdir()
    decoding.__enter__()
    build_package(path, folder)

    assert list(warnings.filters) == before
