"""Packages of models: their files, and processes that publish them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import Result
from luigi.target import FileSystemTarget

from csci_utils.luigi import copy
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore

Files = dict[str, bytes]
"""The files of a package by their path in the remote."""

Publish = Callable[[], None]
"""Publishes a package."""

MakePublisher = Callable[[str, Files], Publish]
"""Returns what publishes files from a folder of this name."""

MANIFEST_PATH = "mlflow/model.pth/manifest.json"
"""The path of the package's manifest in the remote."""

PACKAGE = ("package", "--model", "model.pth")
"""The arguments of the command that packages the model."""

_FOLDER = "mlflow/model.pth"


def read_files(folder: Path) -> Files:
    """Return the files of a package in a local folder."""
    return {
        f"{_FOLDER}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def read_published(store: RemoteStore) -> Files:
    """Return the files of the published package."""
    return {path: store.read(path) for path in store.list() if path.startswith("mlflow/")}


def write_files(files: Files, folder: Path) -> None:
    """Write the files of a package into a local folder."""
    for path, content in files.items():
        local_path = folder / Path(path).relative_to(_FOLDER)
        local_path.parent.mkdir(parents=True, exist_ok=True)
        local_path.write_bytes(content)


def change_code(files: Files) -> Files:
    """Return the package of the same model with other code."""
    changed = dict(files)
    manifest = json.loads(changed[MANIFEST_PATH])
    for name in ("MLmodel", "code/neural_style/errors.py", "requirements.txt"):
        changed[f"{_FOLDER}/{name}"] += b"\n"
        manifest["files"][name] = hashlib.sha256(changed[f"{_FOLDER}/{name}"]).hexdigest()
    changed[MANIFEST_PATH] = json.dumps({**manifest, "code_digest": "other"}).encode()
    return changed


def run_with_mlflow(project: Project, image: str = "drawing.png") -> Result:
    """Paint with the published package, and write nothing to the remote."""
    options = ("--no-upload", "--model", "model.pth", "--image", image)
    return project.run("stylize", "--runner", "mlflow", *options)


def call_at_once(functions: list[Publish]) -> list[BaseException | None]:
    """Call each function in a thread of its own, and return what they raised."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [call.exception() for call in [pool.submit(function) for function in functions]]


def call_after_copy(
    name: str, action: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Call a function once after a file of this name is copied, like another process might."""
    actions = [action]

    def copy_and_act(source: FileSystemTarget, destination: FileSystemTarget) -> str:
        digest = copy(source, destination)
        if destination.path.endswith(f"/{name}") and actions:
            actions.pop()()
        return digest

    monkeypatch.setattr("pset_4.packaging.transfer.copy", copy_and_act)
