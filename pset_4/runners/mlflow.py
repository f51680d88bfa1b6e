"""Painting by MLflow's own command, with the model that ``python -m pset_4 package`` published."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import luigi

from csci_utils.digest import file_digest

from ..errors import RunnerError
from ..package import OFFLINE, read_manifest
from . import Job
from .program import Program, ProgramRunner, make_environment


class Prediction(Program):
    """``mlflow models predict``, which keeps its own files out of the current folder."""

    scratch_path = luigi.Parameter()

    def program_environment(self) -> dict[str, str]:
        store = Path(self.scratch_path, "tracking").as_uri()
        return make_environment() | OFFLINE | {"MLFLOW_TRACKING_URI": store}


class MlflowRunner(ProgramRunner):
    """Runs a packaged model as a batch of one, in the environment of ``python``."""

    needs_package = True

    def paint(self, job: Job, path: str, final_path: str) -> None:
        package_path = os.path.dirname(job.inputs["package"])
        packaged = read_manifest(job.inputs["package"]).model_digest
        if packaged != file_digest(job.model_path):
            name = os.path.basename(job.model_path)
            raise RunnerError(
                f"{name} was replaced since it was packaged: run python -m pset_4 package "
                f"--model {name}"
            )
        with TemporaryDirectory(prefix="pset_4-") as scratch:
            request_path, reply_path = Path(scratch, "request.json"), Path(scratch, "reply.json")
            request_path.write_text(json.dumps(make_request(job, Path(path).suffix)))
            arguments = {
                "--model-uri": package_path,
                "--input-path": str(request_path),
                "--output-path": str(reply_path),
                "--content-type": "json",
                "--env-manager": "local",
            }
            command = [self.python, "-m", "mlflow", "models", "predict"]
            command += [word for pair in arguments.items() for word in pair]
            Prediction(arguments=command, scratch_path=scratch).run()
            reply = json.loads(reply_path.read_text())
        Path(path).write_bytes(base64.b64decode(reply["predictions"][0]["picture"]))


def make_request(job: Job, suffix: str) -> dict[str, object]:
    """What MLflow's command is asked, in its own form: a table of one row."""
    row = {
        "picture": base64.b64encode(Path(job.image_path).read_bytes()).decode(),
        "suffix": suffix,
        "style": job.number,
        "content_scale": job.content_scale,
        "max_side": job.max_side,
    }
    given = {name: value for name, value in row.items() if value is not None}
    return {"dataframe_split": {"columns": list(given), "data": [list(given.values())]}}
