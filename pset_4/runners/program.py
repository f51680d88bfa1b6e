"""Painting by ``python -m neural_style`` in a process, and if wanted an environment, of its own.

So the environment of the pipeline needs no PyTorch: ``--python`` names the one that has it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

import luigi
from luigi.contrib.external_program import ExternalProgramRunError, ExternalProgramTask

from neural_style.errors import one_line

from ..errors import RunnerError
from . import Job, Runner

if TYPE_CHECKING:
    from neural_style import StyleDescription

KEPT_FROM_PROGRAMS = re.compile("(AWS|CANVAS|PSET_4|MLFLOW)_", re.IGNORECASE)
"""How the names of variables begin that are the pipeline's own affair, secrets among them."""

OF_PYTHON = {"PYTHONIOENCODING": "utf-8"}
"""What Luigi takes a program's output for."""

RETURN_CODE = re.compile(r"-?\d+")
"""As Luigi words it; its error keeps the number nowhere else."""

LONGEST_ERROR = 600
"""Characters of a program's standard error in a message; the end says what happened."""

INSTALL_REMEDY = "run pip install '.[style]' with that Python in the project's folder"


class Program(ExternalProgramTask):
    """A program that paints; its output appears where its arguments say."""

    arguments = luigi.ListParameter()

    always_log_stderr = False

    def program_args(self) -> Sequence[str]:
        return list(self.arguments)

    def program_environment(self) -> dict[str, str]:
        return make_environment()

    def _clean_output_file(self, file_object: IO[bytes]) -> str:
        """Luigi's own fails where a program has printed something else than UTF-8."""
        file_object.seek(0)
        return file_object.read().decode(errors="replace")

    def run(self) -> None:
        """Run it to its end.

        Raises:
            RunnerError: it failed; with what it wrote to its standard error.
        """
        try:
            super().run()
        except ExternalProgramRunError as error:
            # Not as its cause: that one prints the whole environment.
            code = int(RETURN_CODE.findall(error.message)[-1])
            raise RunnerError(describe_failure(self.arguments, code, error.err)) from None
        except SystemExit:  # so Luigi ends on SIGTERM, and takes it for one failed task of many
            raise KeyboardInterrupt from None
        except OSError as error:
            raise RunnerError(f"{self.arguments[0]} does not start: {error.strerror}") from error


class ProgramRunner(Runner):
    """Runs ``python -m neural_style`` once for each question and each painting."""

    def __init__(self, python: str) -> None:
        self.python = python

    def inspect(self, path: str) -> StyleDescription:
        from neural_style import StyleDescription, StyleError
        from neural_style.neural_style import EXIT_NO_STYLE

        arguments = [self.python, "-m", "neural_style", "inspect", f"--model={path}"]
        # Not a Program: those keep what they print to themselves.
        done = subprocess.run(
            arguments,
            env=make_environment(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode == EXIT_NO_STYLE:
            raise StyleError(read_error(done.stderr))
        if done.returncode != 0:
            raise RunnerError(describe_failure(arguments, done.returncode, done.stderr))
        return StyleDescription(**json.loads(done.stdout))

    def paint(self, job: Job, path: str, final_path: str) -> None:
        options = {
            "content-image": job.image_path,
            "model": job.model_path,
            "output-image": path,
            "style": job.number,
            "content-scale": job.content_scale,
            "max-side": job.max_side,
        }
        given = [f"--{name}={value}" for name, value in options.items() if value is not None]
        Program(arguments=[self.python, "-m", "neural_style", "eval", *given]).run()


def make_environment() -> dict[str, str]:
    """The environment of a program that paints: this one's, without what is not its business."""
    kept = {name: value for name, value in os.environ.items() if not KEPT_FROM_PROGRAMS.match(name)}
    return kept | OF_PYTHON


def describe_failure(arguments: Sequence[str], code: int, stderr: str) -> str:
    """One line on a program that failed, from what it wrote to its standard error."""
    told = read_error(stderr) or "it did not say why"
    remedy = ""
    if "No module named" in told:
        remedy = f"; {INSTALL_REMEDY}"
    elif code == -9:  # SIGKILL, which Windows does not know
        remedy = "; the system may have killed it for want of memory: try --max-side"
    return f"{' '.join(arguments[:4])} failed (return code {code}): {told}{remedy}"


def read_error(stderr: str) -> str:
    """What a program wrote to its standard error, on one line; of much, the end."""
    return one_line(stderr[-LONGEST_ERROR:]).removeprefix("error: ")
