"""Fetching and running packages that are missing, outdated, damaged or hostile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pset_4.packaging import fetch_package
from pset_4.storage.remote import target_at
from tests.support.networks.models import make_model
from tests.support.pipeline.painting import paint_with
from tests.support.pipeline.programs import MakePython
from tests.support.pipeline.projects import Project
from tests.support.pipeline.published import (
    MANIFEST_PATH,
    PACKAGE,
    Files,
    call_after_copy,
    read_files,
    run_with_mlflow,
)
from tests.support.remotes.stores import DirectoryStore, RemoteStore

pytestmark = pytest.mark.s3_in_soak

RunPackage = Callable[[], tuple[str, Files]]

PAINTER_PATH = "mlflow/model.pth/painter.py"


def fetch_only(project: Project) -> Path:
    """Fetch the package without painting, and return the path of the local manifest."""
    run_with_mlflow(project, "absent.png")
    (manifest_path,) = project.data.glob("mlflow/model.pth/*/manifest.json")
    return manifest_path


def plant(store: RemoteStore, name: str) -> None:
    """Put code into the published package, and into its manifest."""
    path = f"mlflow/model.pth/{name}"
    code = (store.read(path) if path in store.list() else b"") + b"\n# planted\n"
    manifest = json.loads(store.read(MANIFEST_PATH))
    manifest["files"][name] = hashlib.sha256(code).hexdigest()
    store.write(path, code)
    store.write(MANIFEST_PATH, json.dumps(manifest).encode())


@pytest.fixture
def run_package(packaged: Project, make_python: MakePython, tmp_path: Path) -> RunPackage:
    """Paints with the package, and returns the output and the files that MLflow would run."""
    python = make_python(f'rm -rf "{tmp_path}/seen"; cp -R "$6" "{tmp_path}/seen"')

    def run() -> tuple[str, Files]:
        result = packaged.run(*paint_with("mlflow", python))
        return result.stderr, read_files(tmp_path / "seen")

    return run


def test_a_package_that_this_version_makes_is_run(
    run_package: RunPackage, package_files: Files
) -> None:
    output, files = run_package()

    assert files == package_files
    assert "note" not in output


@pytest.mark.parametrize("name", ["painter.py", "MLmodel", "code/neural_style/planted.py"])
def test_only_the_weights_of_another_package_are_used(
    name: str, run_package: RunPackage, store: RemoteStore, package_files: Files
) -> None:
    plant(store, name)

    output, files = run_package()

    assert files == package_files
    assert "note: model.pth: the package in the remote is not the one that this" in output


def test_nothing_that_lies_beside_a_package_is_run(
    packaged: Project, run_package: RunPackage, package_files: Files
) -> None:
    fetch_only(packaged).with_name("planted.py").write_text("pass")

    _, files = run_package()

    assert files == package_files


def test_a_missing_package_is_reported_with_the_command_that_makes_it(
    project: Project, drawing: bytes, model: bytes
) -> None:
    project.drop("drawing.png", drawing)
    project.drop("model.pth", model)

    result = project.run("stylize", "--runner", "mlflow")

    remedy = "not in the remote; run python -m pset_4 package --model model.pth"
    assert result.exit_code == 1
    assert f"{project.remote_url}/{MANIFEST_PATH}: {remedy}" in result.stderr


def test_a_remedy_can_be_pasted_into_a_shell(
    directory_project: Project, directory_store: DirectoryStore, drawing: bytes, model: bytes
) -> None:
    directory_store.write("images/drawing.png", drawing)
    directory_store.write("saved_models/my model.pth", model)
    options = ("--no-upload", "--image", "drawing.png", "--model", "my model.pth")

    result = directory_project.run("stylize", "--runner", "mlflow", *options)

    command = directory_project.name_command("package --model 'my model.pth'")
    assert f"run {command}\n" in result.stderr


@pytest.mark.s3_every_day
def test_the_package_of_a_replaced_model_is_not_run(packaged: Project, store: RemoteStore) -> None:
    other = make_model(2)
    store.write("saved_models/model.pth", other)

    result = run_with_mlflow(packaged)

    assert result.exit_code == 1
    assert (
        "model.pth: the model was replaced since it was packaged; run python -m pset_4"
        in result.stderr
    )
    packaged.run_well(*PACKAGE)
    assert store.read("mlflow/model.pth/artifacts/style.pth") == other


@pytest.mark.s3_every_day
def test_a_damaged_package_is_not_run(packaged: Project, store: RemoteStore) -> None:
    store.write(PAINTER_PATH, b"raise SystemExit")

    result = run_with_mlflow(packaged)

    reason = "missing or different from the package's manifest; run again if another process"
    assert result.exit_code == 1
    assert f"{packaged.remote_url}/{PAINTER_PATH}: {reason}" in result.stderr


def test_a_package_that_lacks_a_file_is_not_run(packaged: Project, store: RemoteStore) -> None:
    store.remove(PAINTER_PATH)

    result = run_with_mlflow(packaged)

    assert result.exit_code == 1
    assert "painter.py: missing or different from the package's manifest; " in result.stderr


@pytest.mark.s3_every_day
def test_a_fetched_package_that_was_altered_is_repaired_before_it_runs(packaged: Project) -> None:
    painter = fetch_only(packaged).with_name("painter.py")
    good = painter.read_bytes()
    painter.write_bytes(b"raise SystemExit")

    fetch_only(packaged)

    assert painter.read_bytes() == good


def test_a_fetched_package_that_was_altered_with_its_manifest_is_repaired(
    packaged: Project,
) -> None:
    manifest_path = fetch_only(packaged)
    painter = manifest_path.with_name("painter.py")
    good = painter.read_bytes()
    painter.write_bytes(b"raise SystemExit")
    manifest = json.loads(manifest_path.read_bytes())
    manifest["files"]["painter.py"] = hashlib.sha256(b"raise SystemExit").hexdigest()
    manifest_path.write_text(json.dumps(manifest))

    fetch_only(packaged)

    assert painter.read_bytes() == good


def test_a_fetched_manifest_that_was_damaged_is_fetched_again(
    packaged: Project, package_files: Files
) -> None:
    manifest_path = fetch_only(packaged)
    manifest_path.write_bytes(b"{")

    fetch_only(packaged)

    assert manifest_path.read_bytes() == package_files[MANIFEST_PATH]


@pytest.mark.s3_every_day
@pytest.mark.usefixtures("packaged")
def test_a_fetched_manifest_is_the_one_of_the_fetched_files(
    store: RemoteStore, package_files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest_path = tmp_path / "fetched/manifest.json"

    def replace_manifest() -> None:
        store.write(MANIFEST_PATH, b"of another package")

    call_after_copy("painter.py", replace_manifest, monkeypatch)

    fetch_package(f"{store.url}/mlflow/model.pth", target_at(str(manifest_path)))

    assert manifest_path.read_bytes() == package_files[MANIFEST_PATH]


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "code/../../outside.py"])
def test_a_manifest_that_lists_files_outside_is_refused(
    name: str, packaged: Project, store: RemoteStore
) -> None:
    manifest = json.loads(store.read(MANIFEST_PATH))
    manifest["files"] = {**manifest["files"], name: "0" * 64}
    store.write(MANIFEST_PATH, json.dumps(manifest).encode())

    result = run_with_mlflow(packaged)

    assert result.exit_code == 1
    path = f"{packaged.remote_url}/{MANIFEST_PATH}"
    assert f"{path}: lists the unsafe path {name!r}; package the model again" in result.stderr
    assert packaged.files("mlflow") == []


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"files": []}', b"\xff"])
def test_a_damaged_manifest_is_reported(
    content: bytes, packaged: Project, store: RemoteStore
) -> None:
    store.write(MANIFEST_PATH, content)

    result = run_with_mlflow(packaged)

    path = f"{packaged.remote_url}/{MANIFEST_PATH}"
    reason = "not the manifest of a package; package the model again"
    assert result.exit_code == 1
    assert f"{path}: {reason}" in result.stderr
