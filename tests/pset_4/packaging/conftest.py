"""Fixtures of the packaging's tests: packages, and projects with a published one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pset_4.packaging import build_package, publish_package
from pset_4.packaging.contents import CODE
from tests.support.pipeline.projects import Project
from tests.support.pipeline.published import (
    Files,
    MakePublisher,
    Publish,
    change_code,
    read_files,
    write_files,
)
from tests.support.remotes.stores import RemoteStore, S3Store
from tests.support.servers import QuietHandler, serve

LITTLE_CODE = {"csci_utils": ("errors.py",), "neural_style": ("errors.py",)}
"""Stands for all code of a package where none of it is run: hundreds of files more would only be
sent one by one."""


@pytest.fixture(scope="session")
def whole_package_files(model: bytes, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The package of `model`, built once because MLflow takes seconds for it."""
    return _build(model, tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def small_package_files(model: bytes, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The package of `model` with little code."""
    with pytest.MonkeyPatch.context() as patch:
        _leave_out_code(patch)
        return _build(model, tmp_path_factory.mktemp("package"))


@pytest.fixture
def package_files(small_package_files: Files, monkeypatch: pytest.MonkeyPatch) -> Files:
    """The package of `model` with little code; so are those that the test builds."""
    _leave_out_code(monkeypatch)
    return small_package_files


def _leave_out_code(patch: pytest.MonkeyPatch) -> None:
    for package, patterns in LITTLE_CODE.items():
        patch.setitem(CODE, package, patterns)


def _build(model: bytes, folder: Path) -> Files:
    (folder / "model.pth").write_bytes(model)
    return read_files(build_package(folder / "model.pth", folder))


@pytest.fixture
def mlflow(small_package_files: Files) -> ModuleType:
    """MLflow, which tests must not import before it is told to stay offline."""
    return sys.modules["mlflow"]


@pytest.fixture
def other_package_files(package_files: Files) -> Files:
    """The package of `model` with other code."""
    return change_code(package_files)


@pytest.fixture
def make_publisher(store: RemoteStore, tmp_path: Path) -> MakePublisher:
    """Creates functions that publish a package of given files from a folder of its own."""

    def make(name: str, files: Files) -> Publish:
        write_files(files, tmp_path / name)
        return lambda: publish_package(tmp_path / name, f"{store.url}/mlflow/model.pth")

    return make


@pytest.fixture
def packaged(
    project: Project, store: RemoteStore, drawing: bytes, model: bytes, package_files: Files
) -> Project:
    """A project whose remote has an image and a packaged model."""
    remote = {"images/drawing.png": drawing, "saved_models/model.pth": model, **package_files}
    for path, content in remote.items():
        store.write(path, content)
    return project


@pytest.fixture
def without_removal(
    s3_project: Project, s3_store: S3Store, model: bytes, other_package_files: Files
) -> Project:
    """A project with an outdated package, whose credentials cannot remove objects."""
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
    return s3_project


@pytest.fixture
def outside_world() -> Iterator[tuple[str, list[str]]]:
    """The URL of a proxy that refuses all requests, and the list of these requests."""
    requests: list[str] = []

    class Proxy(QuietHandler):
        def refuse(self) -> None:
            requests.append(self.requestline)
            self.send_error(403)

        do_CONNECT = do_GET = do_POST = do_HEAD = refuse

    with serve(Proxy) as url:
        yield url, requests
