"""Style models as self-contained MLflow models: made, described, and moved.

A package is a folder of files. Its manifest, ``manifest.json``, lists their digests and is written
last: a package is whole where all of them are there with these digests.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import asdict, dataclass
from glob import glob
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Any

from luigi.target import FileSystemTarget

from csci_utils.digest import CHUNK_SIZE, file_digest, stream_digest
from csci_utils.errors import ChangedError, S3AccessError
from csci_utils.luigi import copy
from neural_style.options import OPTIONS

from ..errors import DamagedPackageError, MissingError
from ..names import check_name
from ..remote import list_paths, target_at

MANIFEST = "manifest.json"
PAINTER = "painter.py"
CODE = {"csci_utils": "*.py", "neural_style": "**/*.py"}
"""The packages that a packaged model carries, and which of their modules: of csci_utils only those
that need no other package."""
STYLE_EXTRA = "style"
OFFLINE = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
"""MLflow by itself asks over the network what it may tell of its use."""

TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"

NO_TIME = "1970-01-01 00:00:00.000000"
"""When every package says it was made, so that it has the same bytes whoever makes it."""

PUBLISH_TRIES = 10
"""How often a package is sent while others publish another one; to keep step with them so often
takes more than chance."""

MLFLOW_TYPES = {int: "long", float: "double", str: "string"}

INSTALL_REMEDY = "run pip install '.[style,mlflow]' in the project's folder"


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
    return _parse_manifest(path, _read_bytes(path))


def _read_bytes(path: str) -> bytes:
    with target_at(path).open("r") as file:
        content: bytes = file.read(CHUNK_SIZE)  # a manifest has a few kilobytes
    return content


def _parse_manifest(path: str, content: bytes) -> Manifest:
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
    for name, path in _list_code().items():
        digest.update(f"{name} {file_digest(path)}\n".encode())
    return digest.hexdigest()


def build(model_path: Path, scratch_path: Path) -> Path:
    """Make the package of a model's file: the same bytes each time, in the same environment.

    Args:
        model_path: a file that loads as a style.
        scratch_path: the absolute path of an empty folder.

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
    for name, path in _list_code().items():
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, sources / name)
    # MLflow takes its path for a URL, in which not every model's name is safe.
    artifact_path = shutil.copyfile(model_path, sources / f"style{model_path.suffix}")
    model_digest = file_digest(artifact_path)
    model = mlflow.models.Model(model_uuid=model_digest[:32], utc_time_created=NO_TIME)
    # It warns of what a schema is there for instead, and draws bars for copies of small files.
    with (
        _tracking_in(scratch_path / "tracking"),
        warnings.catch_warnings(record=True),
        redirect_stderr(StringIO()),
    ):
        mlflow.pyfunc.save_model(
            str(package_path),
            mlflow_model=model,
            python_model=str(sources / PAINTER),
            artifacts={"style": str(artifact_path)},
            code_paths=[str(sources / package) for package in CODE],
            pip_requirements=list_requirements(),
            signature=_make_signature(),
        )
    _forget_sources(model)
    model.save(package_path / "MLmodel")
    files = {
        path.relative_to(package_path).as_posix(): file_digest(path)
        for path in sorted(package_path.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    manifest = Manifest(model_digest, digest_code(), files)
    (package_path / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
    return package_path


@contextmanager
def _tracking_in(folder: Path) -> Iterator[None]:
    """Let MLflow keep its own files in a folder, and not in the current one, as its oldest do."""
    earlier = os.environ.get(TRACKING_VARIABLE)
    os.environ[TRACKING_VARIABLE] = folder.as_uri()
    try:
        yield
    finally:
        if earlier is None:
            del os.environ[TRACKING_VARIABLE]
        else:
            os.environ[TRACKING_VARIABLE] = earlier


def _forget_sources(model: Any) -> None:
    """Drop from MLflow's description of a model the paths of what it was made from."""
    flavor = model.flavors["python_function"]
    flavor["model_code_path"] = PAINTER
    for artifact in flavor["artifacts"].values():
        artifact["uri"] = artifact["path"]


def publish(package_path: Path, folder: str) -> None:
    """Copy a package to a folder or S3 prefix, in place of the one that is there.

    Of several who publish at once, all succeed with the same bytes; else the last one to write its
    manifest does, who sends anew what the others overwrote.

    Raises:
        ChangedError: somebody else published another package meanwhile.
        S3AccessError: as elsewhere, or an older file may not be removed.
    """
    manifest = read_manifest(str(package_path / MANIFEST))
    names = [*manifest.files, MANIFEST]
    for _ in range(PUBLISH_TRIES):
        _remove_others(folder, names)
        for name in names:
            copy(target_at(str(package_path / name)), target_at(f"{folder}/{name}"))
        is_sent = is_whole(folder, manifest)
        if read_manifest(f"{folder}/{MANIFEST}") != manifest:
            break
        if is_sent:
            return
    raise ChangedError(f"{folder} was published by somebody else at the same time: run again")


def _remove_others(folder: str, names: list[str]) -> None:
    """Remove what an older package has besides these files."""
    for name in list_paths(folder):
        if name in names:
            continue
        try:
            target_at(folder).fs.remove(f"{folder}/{name}")
        except FileNotFoundError:
            pass  # somebody else removed it
        except S3AccessError as error:
            raise S3AccessError(
                f"{error}; to replace a package that has other files takes s3:DeleteObject, too"
            ) from error


def is_whole(folder: str, manifest: Manifest) -> bool:
    """Whether a folder or S3 prefix has all files of a manifest, with their digests."""
    return {name: _digest(f"{folder}/{name}") for name in manifest.files} == manifest.files


def _digest(path: str) -> str | None:
    """SHA-256 of the bytes at a path or S3 URL; None where nothing is there."""
    try:
        with target_at(path).open("r") as file:
            return stream_digest(file)
    except FileNotFoundError:
        return None


def fetch(folder: str, destination: FileSystemTarget) -> None:
    """Copy the package in a folder or S3 prefix to the folder of a local manifest.

    Raises:
        DamagedPackageError: its files are not those of its manifest.
    """
    manifest_path = f"{folder}/{MANIFEST}"
    content = _read_bytes(manifest_path)
    local_folder = Path(destination.path).parent
    for name, digest in _parse_manifest(manifest_path, content).files.items():
        if is_intact(local_folder / name, digest):
            continue
        try:
            copied = copy(target_at(f"{folder}/{name}"), target_at(f"{local_folder}/{name}"))
        except FileNotFoundError:
            copied = ""
        if copied != digest:
            raise DamagedPackageError(
                f"{folder}/{name} is not what its manifest says: run again if somebody packages "
                "the model at this moment, else package it again"
            )
    with destination.open("w") as file:
        file.write(content)


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

    takes = [ColSpec("binary", "picture"), ColSpec("string", "suffix")]
    takes += [
        ColSpec(MLFLOW_TYPES[option.kind.type], option.flag.replace("-", "_"), required=False)
        for option in OPTIONS
    ]
    return ModelSignature(Schema(takes), Schema([ColSpec("binary", "picture")]))


def _list_code() -> dict[str, Path]:
    """The files of code that go into a package, by relative path."""
    import neural_style

    root = Path(neural_style.__file__).parent.parent
    found = (
        Path(package, name)
        for package, pattern in CODE.items()
        for name in glob(pattern, root_dir=root / package, recursive=True)  # no hidden folders
    )
    names = sorted(path.as_posix() for path in found)
    return {PAINTER: Path(__file__).with_name(PAINTER), **{name: root / name for name in names}}
