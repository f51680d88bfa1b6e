"""Building the package of a model with MLflow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any

from csci_utils.atomic import scratch_folder
from csci_utils.digest import file_digest
from neural_style.errors import install_remedy
from neural_style.options import OPTIONS
from neural_style.system.warning_filter import suppress_warnings

from ..errors import MissingError
from .contents import CODE, PAINTER, digest_code, list_code, list_requirements
from .manifest import MANIFEST, Manifest, read_manifest

# Otherwise MLflow sends statistics about its use over the network, and shows bars of its own.
_OFFLINE = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

_building = RLock()
"""Held while MLflow builds, which works with variables of the whole process."""

_TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"

# All packages state this creation time, so the same model and code make the same bytes.
_CREATION_TIME = "1970-01-01 00:00:00.000000"

_DESCRIBED: dict[tuple[str, str, str], Manifest] = {}
"""Manifests by the digest and the suffix of the model, and the digest of the code."""

# MLflow's names of the types of rendering options.
_TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}


def build_package(model_path: Path, scratch_path: Path) -> Path:
    """Build the package of a model: the same bytes each time in the same environment.

    The variables that keep MLflow offline stay set in this process.

    Args:
        model_path: The path of a model that loads.
        scratch_path: The absolute path of an empty folder.

    Returns:
        The folder of the package, inside `scratch_path`.

    Raises:
        MissingError: MLflow or this project is not installed.
    """
    mlflow = _import_mlflow()
    sources, package_path = scratch_path / "sources", scratch_path / "package"
    _copy_code(sources)
    # MLflow takes the path for a URL, in which not every model's name is safe.
    artifact_path = shutil.copyfile(model_path, sources / f"style{model_path.suffix}")
    model_digest = file_digest(artifact_path)
    model = mlflow.models.Model(model_uuid=model_digest[:32], utc_time_created=_CREATION_TIME)
    with _building, _tracking_in(scratch_path), suppress_warnings():
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
    _write_manifest(package_path, model_digest)
    return package_path


def describe_package(model_path: Path) -> Manifest:
    """Return the manifest of the package that `build_package` makes of a model.

    It is built for that, once per process and model.

    Raises:
        MissingError: MLflow or this project is not installed.
    """
    built_from = file_digest(model_path), model_path.suffix, digest_code()
    with _building:
        if built_from not in _DESCRIBED:
            with scratch_folder() as scratch:
                package_path = build_package(model_path, Path(scratch))
                _DESCRIBED[built_from] = read_manifest(str(package_path / MANIFEST))
        return _DESCRIBED[built_from]


def mlflow_environment(folder: Path) -> dict[str, str]:
    """Return the variables that keep MLflow offline and its own files in a folder.

    Without them, MLflow's older releases write to the current folder.
    """
    return {**_OFFLINE, _TRACKING_VARIABLE: (folder / "tracking").as_uri()}


def _import_mlflow() -> ModuleType:
    os.environ.update(_OFFLINE)  # MLflow reads them when it is imported
    try:
        import mlflow.pyfunc
    except ImportError as error:
        reason = f"MLflow is not installed ({error})"
        raise MissingError(reason, remedy=install_remedy("style", "mlflow")) from error
    return mlflow


def _copy_code(folder: Path) -> None:
    for name, path in list_code().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)


@contextmanager
def _tracking_in(folder: Path) -> Iterator[None]:
    """Set the variables of `mlflow_environment`, and restore the one for tracking afterwards."""
    earlier = os.environ.get(_TRACKING_VARIABLE)
    os.environ.update(mlflow_environment(folder))
    try:
        yield
    finally:
        if earlier is None:
            del os.environ[_TRACKING_VARIABLE]
        else:
            os.environ[_TRACKING_VARIABLE] = earlier


def _make_signature() -> Any:
    """Return the schema of the tables that the painter takes and returns."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [ColSpec("binary", "picture"), ColSpec("string", "suffix")]
    texts = ("image_name", "model_name", "mixture", "blend")
    inputs += [ColSpec("string", name, required=False) for name in texts]
    inputs += [
        ColSpec(_TYPES[option.kind.type], option.column, required=False) for option in OPTIONS
    ]
    return ModelSignature(Schema(inputs), Schema([ColSpec("binary", "picture")]))


def _forget_sources(model: Any) -> None:
    """Remove the paths of the sources from MLflow's description of a model."""
    flavor = model.flavors["python_function"]
    flavor["model_code_path"] = PAINTER
    for artifact in flavor["artifacts"].values():
        artifact["uri"] = artifact["path"]


def _write_manifest(package_path: Path, model_digest: str) -> None:
    files = {
        path.relative_to(package_path).as_posix(): file_digest(path)
        for path in sorted(package_path.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    manifest = Manifest(model_digest, digest_code(), files)
    (package_path / MANIFEST).write_text(manifest.to_json())
