"""Painting by MLflow's own command, with the model that ``python -m pset_4 package`` published."""

from __future__ import annotations

import base64
import json
import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from csci_utils.digest import file_digest

from .. import packaging
from ..errors import RunnerError
from ..remote import target_at
from . import Job
from .program import Program, ProgramRunner, name_command, read_notes, write_result


class MlflowRunner(ProgramRunner):
    """Runs a packaged model as a batch of one, in the environment of ``python``."""

    needs_package = True

    def paint(
        self,
        job: Job,
        path: str,
        final_path: str,
        tell: Callable[[str], None],
        progress: Callable[[int, int], None],
    ) -> None:
        check_package(job)
        with TemporaryDirectory(prefix="pset_4-", ignore_cleanup_errors=True) as scratch:
            try:
                painted = self._predict(job, Path(path).suffix, Path(scratch), tell)
            except OSError as error:  # which does not tell of every full disk where it is
                raise RunnerError(f"{scratch}: {error}") from error
        write_result(painted, path, final_path)

    def _predict(self, job: Job, suffix: str, scratch: Path, tell: Callable[[str], None]) -> bytes:
        """The bytes of the painted picture's file."""
        package_path = scratch / "package"
        request_path, reply_path = scratch / "request.json", scratch / "reply.json"
        # A copy of what the manifest lists, and of nothing that lies beside it: all code there
        # could be run. And MLflow takes a path for a URL, in which "%41" is another name.
        packaging.fetch_package(
            os.path.dirname(job.inputs["package"]),
            target_at(f"{package_path}/{packaging.MANIFEST}"),
        )
        request_path.write_text(json.dumps(make_request(job, suffix, self.list_options(job))))
        options = {
            "--model-uri": str(package_path),
            "--input-path": str(request_path),
            "--output-path": str(reply_path),
            "--content-type": "json",
            "--env-manager": "local",
        }
        given = [word for pair in options.items() for word in pair]
        arguments = [self.python, "-m", "mlflow", "models", "predict", *given]
        # Its own files are kept out of the current folder.
        environment = packaging.mlflow_environment(scratch)
        try:
            program = Program(arguments=arguments, environment=environment)
            program.run()
            reply = json.loads(reply_path.read_text())
            painted = base64.b64decode(reply["predictions"][0]["picture"])
        except RunnerError as error:
            raise RunnerError(f"{job.image_path}: {error}") from error
        except (FileNotFoundError, LookupError, TypeError, ValueError) as error:
            raise RunnerError(
                f"{name_command(arguments)} painted nothing: check --python"
            ) from error
        for note in read_notes(program.told):
            tell(note)
        return painted


def check_package(job: Job) -> None:
    """See that a package holds the model that is asked for, and no other code than ours.

    Raises:
        RunnerError: it does not.
    """
    manifest = packaging.read_manifest(job.inputs["package"])
    name = os.path.basename(job.model_path)
    remedy = f"run python -m pset_4 package --model {shlex.quote(name)}"
    if manifest.model_digest != file_digest(job.model_path):
        raise RunnerError(f"{name} was replaced since it was packaged: {remedy}")
    if manifest.code_digest != packaging.digest_code():
        raise RunnerError(f"{name} was packaged with other code than is here: {remedy}")


def make_request(job: Job, suffix: str, options: Mapping[str, object]) -> dict[str, object]:
    """What MLflow's command is asked, in its own form: a table of one row."""
    row = {
        "picture": base64.b64encode(Path(job.image_path).read_bytes()).decode(),
        "suffix": suffix,
        **options,
    }
    return {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}
