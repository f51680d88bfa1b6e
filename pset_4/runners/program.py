"""Painting by ``python -m neural_style`` in a process, and if wanted an environment, of its own.

So the environment of the pipeline needs no PyTorch: ``--python`` names the one that has it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

import luigi
from luigi.contrib.external_program import ExternalProgramRunError, ExternalProgramTask

from csci_utils.atomic import make_temporary_name
from csci_utils.text import one_line

from ..errors import RunnerError
from . import Job, Runner

if TYPE_CHECKING:
    from neural_style import StyleDescription

WITHHELD = re.compile(
    "^(AWS|CANVAS|MLFLOW|PSET_4)_|CREDENTIAL|PASSPHRASE|PASSW|SECRET|TOKEN"
    "|(ACCESS|API|PRIVATE)_?KEY",
    re.IGNORECASE,
)
"""Names of variables that are the pipeline's own affair, or somebody's secrets."""

OF_PYTHON = {
    "PYTHONIOENCODING": "utf-8",  # what Luigi takes a program's output for
    "PYTHONSAFEPATH": "1",  # from 3.11: the current folder holds people's files, not modules
}

RETURN_CODE = re.compile(r"-?\d+")
"""As Luigi words it; its error keeps the number nowhere else."""

KILLED = -9
"""The return code after SIGKILL, which Windows does not know."""

LONGEST_SHOWN = 80
"""Characters of an answer that is none, in a message."""

ERROR, NOTE = "error: ", "note: "
"""How the line begins with which ``neural_style`` fails, and what it wants to be known."""

INSTALL_REMEDY = (
    "run pip install '.[style]', or '.[style,mlflow]' for the runner mlflow, with that Python "
    "in the project's folder"
)


class Program(ExternalProgramTask):
    """A program that paints; its output appears where its arguments say."""

    arguments = luigi.ListParameter()
    environment = luigi.DictParameter[dict[str, str]](default={})
    """Variables beside those of `make_environment`."""

    always_log_stderr = False
    told = ""
    """What it has printed."""

    def program_args(self) -> Sequence[str]:
        return list(self.arguments)

    def program_environment(self) -> dict[str, str]:
        return {**make_environment(), **self.environment}

    def _clean_output_file(self, file_object: IO[bytes]) -> str:
        """Luigi's own fails where a program has printed something else than UTF-8."""
        file_object.seek(0)
        text = file_object.read().decode(errors="replace")
        self.told += text
        return text

    def run(self) -> None:
        """Run it to its end.

        Raises:
            RunnerError: it failed; with what it wrote to its standard error.
        """
        try:
            with starting(self.arguments[0]):
                super().run()
        except ExternalProgramRunError as error:
            # Not as its cause: that one prints the whole environment.
            code = int(RETURN_CODE.findall(error.message)[-1])
            raise RunnerError(describe_failure(self.arguments, code, error.err)) from None
        except SystemExit:  # so Luigi ends on SIGTERM, and takes it for one failed task of many
            raise KeyboardInterrupt from None


class ProgramRunner(Runner):
    """Runs ``python -m neural_style`` once for each question and each painting."""

    @property
    def python(self) -> str:
        """The one that is started."""
        return self.settings.python

    def inspect(self, path: str) -> StyleDescription:
        from csci_utils.console import EXIT_NO_STYLE
        from neural_style import StyleDescription, StyleError

        arguments = [self.python, "-m", "neural_style", "inspect", f"--model={path}"]
        # Not a Program: those keep what they print to themselves.
        with starting(self.python):
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
        try:
            return StyleDescription(**json.loads(done.stdout))
        except (TypeError, ValueError) as error:
            got = repr(one_line(done.stdout)[:LONGEST_SHOWN])
            raise RunnerError(
                f"{name_command(arguments)}: expected a line of JSON, got {got}: check --python"
            ) from error

    def paint(
        self,
        job: Job,
        path: str,
        final_path: str,
        tell: Callable[[str], None],
        progress: Callable[[int, int], None],
    ) -> None:
        # In a folder of its own, where a program that is killed leaves what it has begun, and
        # copied from there: on Windows nothing can be moved to the path, which is held open.
        folder, prefix = os.path.dirname(path), f"{make_temporary_name()}."
        with TemporaryDirectory(dir=folder, prefix=prefix, ignore_cleanup_errors=True) as scratch:
            painted_path = os.path.join(scratch, os.path.basename(final_path))
            options = {
                "content_image": job.image_path,
                "model": job.model_path,
                "output_image": painted_path,
                **self.list_options(job),
            }
            given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
            arguments = [self.python, "-m", "neural_style", "eval", *given]
            try:
                program = Program(arguments=arguments)
                program.run()
                painted = Path(painted_path).read_bytes()
            except RunnerError as error:
                # People know the result's name, not the temporary one.
                raise RunnerError(str(error).replace(painted_path, final_path)) from error
            except FileNotFoundError as error:
                raise RunnerError(
                    f"{name_command(arguments)} painted nothing: check --python"
                ) from error
            for note in read_notes(program.told):
                if not note.startswith(job.image_path):  # `Stylize` tells of the picture
                    tell(note)
            write_result(painted, path, final_path)


def make_environment() -> dict[str, str]:
    """The environment of a program that paints: this one's, without what is not its business."""
    kept = {name: value for name, value in os.environ.items() if not WITHHELD.search(name)}
    return kept | OF_PYTHON


@contextmanager
def starting(program: str) -> Iterator[None]:
    """Turn the error of a program that cannot be started into a `RunnerError`."""
    try:
        yield
    except OSError as error:
        raise RunnerError(f"{program} does not start: {error.strerror}: check --python") from error


def write_result(painted: bytes, path: str, final_path: str) -> None:
    """Write what a program has painted.

    Raises:
        RunnerError: it cannot be written; names the `final_path`.
    """
    try:
        Path(path).write_bytes(painted)
    except OSError as error:
        raise RunnerError(f"{final_path}: cannot be written: {error.strerror}") from error


def describe_failure(arguments: Sequence[str], code: int, stderr: str) -> str:
    """One line on a program that failed, from what it wrote to its standard error."""
    told = read_error(stderr)
    if code == KILLED:  # its last words are about something else
        told = "the system may have killed it for want of memory: try --max-side"
    elif "No module named" in told:
        told += f"; {INSTALL_REMEDY}"
    return f"{name_command(arguments)} failed (return code {code}): {told or 'it did not say why'}"


def name_command(arguments: Sequence[str]) -> str:
    """A command as people know it: up to its first option."""
    return shlex.join(takewhile(lambda word: not word.startswith("--"), arguments))


def read_notes(told: str) -> list[str]:
    """What a program wanted to be known, from what it has printed."""
    return [line.removeprefix(NOTE) for line in told.splitlines() if line.startswith(NOTE)]


def read_error(stderr: str) -> str:
    """Why a program failed, from its standard error: the last line that says so, or the last."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(ERROR)]
    return one_line((errors or lines or [""])[-1]).removeprefix(ERROR)
