"""Painting by MLflow's own command, with the model that ``python -m pset_4 package`` published."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csci_utils.atomic import scratch_folder
from csci_utils.digest import file_digest
from csci_utils.errors import DescribedError, at_path, find_remedy
from neural_style.command_line.reporting import REPORT_VARIABLE
from neural_style.options import OPTIONS

from .. import packaging
from ..context import command
from ..errors import RunnerError
from ..places import MODELS
from ..settings import Settings
from ..storage.remote import target_at
from .base import Notify, Progress
from .child import ChildProcess
from .program import ProgramRunner, read_result, write_result

if TYPE_CHECKING:
    from neural_style import PaintingRequest, PaintingResult
    from neural_style.mixing.names import Ingredient


class MlflowRunner(ProgramRunner):
    """Runs a packaged model on a batch of one, in the environment of ``--python``."""

    needs_package = True

    def __init__(self, settings: Settings, manifest_path: str = "") -> None:
        """Take the manifest of the package, if the runner is to paint."""
        super().__init__(settings)
        self._manifest_path = manifest_path

    def with_package(self, manifest_path: str) -> MlflowRunner:
        """Return a runner that paints with a package."""
        return MlflowRunner(self.settings, manifest_path)

    def paint(self, request: PaintingRequest, notify: Notify, progress: Progress) -> PaintingResult:
        """Run a copy of the package, or one built here, and write what it painted."""
        from neural_style import PaintingResult

        name, manifest_path = self._name_of(request.model), self._manifest_path
        check_model(manifest_path, request.model, name)
        with scratch_folder() as scratch:
            try:
                package = take_package(manifest_path, request.model, name, Path(scratch), notify)
                child = self._call_mlflow(request, package, Path(scratch), notify, progress)
                with at_path(request.content_image):
                    result = read_result(PaintingResult.from_json, child.run(), child)
                painted = _read_reply(Path(scratch, "reply.json"), child)
            except DescribedError:
                raise
            except OSError as error:  # which does not say where a disk is full
                raise RunnerError(str(error), path=scratch, remedy=find_remedy(error)) from error
        write_result(painted, request.output_image)
        return result

    def _name_of(self, model_path: Path) -> str:
        """Return a cached model's name, with its folders."""
        folder = Path(self.settings.data, MODELS)
        is_cached = model_path.is_relative_to(folder)
        return model_path.relative_to(folder).as_posix() if is_cached else model_path.name

    def _call_mlflow(
        self,
        request: PaintingRequest,
        package: Path,
        scratch: Path,
        notify: Notify,
        progress: Progress,
    ) -> ChildProcess:
        request_path = scratch / "request.json"
        request_path.write_text(json.dumps(make_request(request)))
        options = {
            "--model-uri": str(package),
            "--input-path": str(request_path),
            "--output-path": str(scratch / "reply.json"),
            "--content-type": "json",
            "--env-manager": "local",
        }
        given = [word for pair in options.items() for word in pair]
        arguments = [self.settings.python, "-m", "mlflow", "models", "predict", *given]
        variables = {**packaging.mlflow_environment(scratch), REPORT_VARIABLE: "json"}
        return ChildProcess(arguments, variables, notify, progress)


def _read_reply(path: Path, child: ChildProcess) -> bytes:
    """Return the painted picture's file from MLflow's reply."""
    try:
        reply = json.loads(path.read_text())
        return base64.b64decode(reply["predictions"][0]["picture"])
    except (FileNotFoundError, LookupError, TypeError, ValueError) as error:
        raise RunnerError(f"{child.name} painted nothing", remedy="check --python") from error


def check_model(manifest_path: str, model_path: Path, name: str) -> None:
    """Check that a package's manifest names this model.

    Args:
        manifest_path: The manifest.
        model_path: The model's file.
        name: The model's name, for messages.

    Raises:
        RunnerError: It names another one.
    """
    if packaging.read_manifest(manifest_path).model_digest != file_digest(model_path):
        raise RunnerError(
            "the model was replaced since it was packaged",
            path=name,
            remedy=f"run {command('package --model', name)}",
        )


def take_package(
    manifest_path: str, model_path: Path, name: str, scratch: Path, notify: Notify
) -> Path:
    """Return the folder of a package of a model whose code is this version's.

    Whoever writes to the remote can put code into a package, and a manifest that matches. So a
    package is copied only if each file has the digest that it has when it is built here.

    Args:
        manifest_path: The manifest of the package that was fetched.
        model_path: The model.
        name: The model's name, for messages.
        scratch: An empty folder, which the package is copied to or built in. Besides what the
            manifest lists, nothing is copied. MLflow takes paths for URLs, where "%41" is "A".
        notify: Told if the package is built.

    Raises:
        MissingError: MLflow is not installed here.
        DamagedPackageError: The package lacks a file.
    """
    expected = packaging.describe_package(model_path)
    copied = f"{scratch}/package/{packaging.MANIFEST}"
    packaging.fetch_package(os.path.dirname(manifest_path), target_at(copied))
    if packaging.read_manifest(copied) == expected:
        return Path(copied).parent
    notify(
        f"{name}: the package in the remote is not the one that this version makes; one that is "
        "made here of its weights paints instead"
    )
    (scratch / "build").mkdir()
    return packaging.build_package(model_path, scratch / "build")


def _pack(ingredient: Ingredient, packaged: Path) -> dict[str, Any]:
    """Return one of the styles of a blend, with the bytes of its file unless a package has it."""
    path = Path(ingredient.file)
    values: dict[str, Any] = {"number": ingredient.number, "share": ingredient.share}
    if path == packaged:
        return values
    data = base64.b64encode(path.read_bytes()).decode()
    return {**values, "suffix": path.suffix, "data": data}


def make_request(request: PaintingRequest) -> dict[str, Any]:
    """Return what MLflow's command is asked, in its own form: a table of one row."""
    values = {option.column: getattr(request.options, option.name) for option in OPTIONS}
    row = {
        "picture": base64.b64encode(request.content_image.read_bytes()).decode(),
        "suffix": request.output_image.suffix,
        "image_name": request.image_name,
        "model_name": request.model_name,
        **{name: value for name, value in values.items() if value is not None},
    }
    if isinstance(row.get("style"), str):
        row["mixture"] = row.pop("style")
    if request.blend is not None:
        row["blend"] = json.dumps(
            [_pack(each, request.model) for each in request.blend.ingredients]
        )
    return {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}
