"""Style models as self-contained MLflow models: made, described, and moved.

A package is a folder of files. Its manifest, ``manifest.json``, lists their digests and is written
last and removed first: where it is, the package is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import warnings
from contextlib import redirect_stderr
from dataclasses import asdict, dataclass
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Any

from luigi.target import FileSystemTarget

from csci_utils.digest import CHUNK_SIZE, file_digest, stream_digest
from csci_utils.errors import ChangedError
from csci_utils.luigi.copy import copy

from .errors import DamagedPackageError, MissingError
from .names import check_name
from .remote import list_paths, target_at

MANIFEST = "manifest.json"
PAINTER = "painter.py"
STYLE_EXTRA = "style"
OFFLINE = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
"""MLflow by itself asks over the network what it may tell of its use."""

INSTALL_REMEDY = "run pip install '.[mlflow]' in the project's folder"


@dataclass(frozen=True)
class Manifest:
    """What a package was made from, and what it holds."""

    model_digest: str
    """SHA-256 of the model's file."""
    code_digest: str
    """Tells one state of the code that goes into packages from another: see `digest_code`."""
    files: dict[str, str]
    """SHA-256 of each file but the manifest, by its path in the package."""


def read_manifest(path: str) -> Manifest:
    """The manifest at a path or S3 URL.

    Raises:
        DamagedPackageError: it is no manifest, or names a file outside of the package.
        FileNotFoundError, CsciUtilsError, OSError: it cannot be read.
    """
    with target_at(path).open("r") as file:
        content = file.read(CHUNK_SIZE)  # a manifest has a few kilobytes
    try:
        manifest = Manifest(**json.loads(content))
        for name in manifest.files:
            for part in name.split("/"):
                check_name(part)
    except (AttributeError, TypeError, ValueError) as error:
        raise DamagedPackageError(
            f"{path} is no manifest of a package ({error}): package the model again"
        ) from error
    return manifest


def digest_code() -> str:
    """SHA-256 over all of the code that goes into a package."""
    digest = hashlib.sha256()
    for path in [_painter_path(), *sorted(_code_path().rglob("*.py"))]:
        digest.update(f"{path.name} {file_digest(path)}\n".encode())
    return digest.hexdigest()


def build(model_path: Path, scratch_path: Path) -> Path:
    """Make the package of a model's file.

    Args:
        model_path: a file that loads as a style.
        scratch_path: an empty folder.

    Returns:
        The package's folder, inside of ``scratch_path``.

    Raises:
        MissingError: MLflow is not installed.
    """
    os.environ.update(OFFLINE)  # read on import
    try:
        import mlflow.pyfunc
    except ImportError as error:
        raise MissingError(f"MLflow is not installed ({error}): {INSTALL_REMEDY}") from error
    sources, package_path = scratch_path / "sources", scratch_path / "package"
    sources.mkdir()
    # From copies, since MLflow writes down where things came from: nobody's home folder.
    artifact_path = shutil.copy(model_path, sources)
    code_path = shutil.copytree(
        _code_path(), sources / "neural_style", ignore=shutil.ignore_patterns("__pycache__")
    )
    painter_path = shutil.copy(_painter_path(), sources)
    # It warns of what a schema is there for instead, and draws bars for copies of small files.
    with warnings.catch_warnings(record=True), redirect_stderr(StringIO()):
        mlflow.pyfunc.save_model(
            str(package_path),
            python_model=str(painter_path),
            artifacts={"style": str(artifact_path)},
            code_paths=[str(code_path)],
            pip_requirements=list_requirements(),
            signature=_make_signature(),
        )
    files = {
        path.relative_to(package_path).as_posix(): file_digest(path)
        for path in sorted(package_path.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    manifest = Manifest(file_digest(artifact_path), digest_code(), files)
    (package_path / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
    return package_path


def publish(package_path: Path, folder: str) -> None:
    """Copy a package to a folder or S3 prefix, in place of the one that is there.

    Raises:
        ChangedError: somebody else published another one meanwhile, and files of both are there;
            then there is no manifest.
    """
    file_system = target_at(folder).fs
    for name in sorted(list_paths(folder), key=lambda name: name != MANIFEST):
        file_system.remove(f"{folder}/{name}")
    for name in [*read_manifest(str(package_path / MANIFEST)).files, MANIFEST]:
        copy(target_at(str(package_path / name)), target_at(f"{folder}/{name}"))
    if not _is_whole(folder):
        file_system.remove(f"{folder}/{MANIFEST}")
        raise ChangedError(f"{folder} was published by somebody else at the same time: run again")


def _is_whole(folder: str) -> bool:
    """Whether the files in a folder or S3 prefix are those of its manifest."""
    try:
        files = read_manifest(f"{folder}/{MANIFEST}").files
        for name, digest in files.items():
            with target_at(f"{folder}/{name}").open("r") as file:
                if stream_digest(file) != digest:
                    return False
    except FileNotFoundError:
        return False
    return True


def fetch(folder: str, destination: FileSystemTarget) -> None:
    """Copy the package in a folder or S3 prefix to the folder of a local manifest.

    Raises:
        DamagedPackageError: its files are not those of its manifest.
    """
    remote_manifest = target_at(f"{folder}/{MANIFEST}")
    local_folder = Path(destination.path).parent
    for name, digest in read_manifest(remote_manifest.path).files.items():
        if is_intact(local_folder / name, digest):
            continue
        if copy(target_at(f"{folder}/{name}"), target_at(f"{local_folder}/{name}")) != digest:
            raise DamagedPackageError(
                f"{folder}/{name} is not what its manifest says: run again if somebody packages "
                f"the model at this moment, else remove {folder}/{MANIFEST} and package it again"
            )
    copy(remote_manifest, destination)


def is_intact(path: Path, digest: str) -> bool:
    """Whether a file is there and has the bytes of a digest."""
    return path.is_file() and file_digest(path) == digest


def list_requirements() -> list[str]:
    """What a package needs to be installed, in the versions that are installed here.

    Raises:
        MissingError: this project is not installed.
    """
    try:
        declared = metadata.requires("pset_4") or []
    except metadata.PackageNotFoundError as error:
        raise MissingError(
            "what a package needs is written in this project's installation, and there is none: "
            f"{INSTALL_REMEDY}"
        ) from error
    requirements = []
    for line in declared:
        requirement, _, marker = line.partition(";")
        if re.search(rf"""extra == ["']{STYLE_EXTRA}["']""", marker):
            requirements.append(_pin(requirement.strip()))
    return requirements


def _pin(requirement: str) -> str:
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    try:
        return f"{name}=={metadata.version(name).partition('+')[0]}"
    except metadata.PackageNotFoundError:
        return requirement


def _make_signature() -> Any:
    """The table that `painter` takes and gives."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    takes = [
        ColSpec("binary", "picture"),
        ColSpec("string", "suffix"),
        ColSpec("long", "style", required=False),
        ColSpec("double", "content_scale", required=False),
        ColSpec("long", "max_side", required=False),
    ]
    return ModelSignature(Schema(takes), Schema([ColSpec("binary", "picture")]))


def _painter_path() -> Path:
    return Path(__file__).with_name(PAINTER)


def _code_path() -> Path:
    import neural_style

    return Path(neural_style.__file__).parent
