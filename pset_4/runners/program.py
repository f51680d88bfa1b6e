"""Painting by ``python -m neural_style`` in a process, and an environment, of its own.

So the pipeline's environment needs no PyTorch: ``--python`` names one that has it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from csci_utils.atomic import make_temporary_name
from csci_utils.errors import find_remedy, instead_of_path

from ..errors import RunnerError
from .base import Notify, Progress, Runner
from .child import ChildProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from neural_style import PaintingRequest, PaintingResult, StyleDescription

Value = TypeVar("Value")


class ProgramRunner(Runner):
    """Runs ``python -m neural_style`` once for each question and each painting."""

    def share(self, workers: int) -> dict[str, Any]:
        """Divide the memory, too: programs cannot share a count of it."""
        from neural_style.system.resources import free_memory

        machine = super().share(workers)
        memory = machine.get("memory") or free_memory(None)
        return machine if memory is None else {**machine, "memory": max(1, memory // workers)}

    def inspect(self, path: str) -> StyleDescription:
        """Have the program load the model."""
        from neural_style import StyleDescription

        child = self._call("inspect", f"--model={path}")
        return read_result(StyleDescription, child.run(), child)

    def paint(self, request: PaintingRequest, notify: Notify, progress: Progress) -> PaintingResult:
        """Have the program paint to a folder of its own, and copy the result from there.

        A program that is killed leaves its files in that folder. And Windows cannot replace
        `output_image`, which the pipeline holds open.
        """
        from neural_style import PaintingResult

        path = request.output_image
        prefix = f"{make_temporary_name()}."
        with TemporaryDirectory(
            dir=path.parent, prefix=prefix, ignore_cleanup_errors=True
        ) as scratch:
            scratch_path = Path(scratch, path.name)
            arguments = replace(request, output_image=scratch_path).to_arguments()
            child = self._call("eval", *arguments, notify=notify, progress=progress)
            with instead_of_path(scratch_path, path):
                result = read_result(PaintingResult.from_json, child.run(), child)
            write_result(read_painted(scratch_path, child), path)
        return result

    def _call(
        self,
        command: str,
        *arguments: str,
        notify: Notify | None = None,
        progress: Progress | None = None,
    ) -> ChildProcess:
        words = [self.settings.python, "-m", "neural_style", command, "--json", *arguments]
        return ChildProcess(words, notify=notify, progress=progress)


def read_result(
    kind: Callable[..., Value], reported: dict[str, Any] | None, child: ChildProcess
) -> Value:
    """Return a program's result as what it should be.

    Raises:
        RunnerError: It is something else.
    """
    try:
        return kind(**(reported or {}))
    except (TypeError, ValueError) as error:
        raise RunnerError(
            f"{child.name} reported no result that is understood here",
            remedy="check that --python has the same version of this project",
        ) from error


def read_painted(path: Path, child: ChildProcess) -> bytes:
    """Return what a program painted to a file.

    Raises:
        RunnerError: There is no such file.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise RunnerError(f"{child.name} painted nothing", remedy="check --python") from error


def write_result(painted: bytes, path: str | os.PathLike[str]) -> None:
    """Write what a program has painted.

    Raises:
        RunnerError: It cannot be written.
    """
    try:
        Path(path).write_bytes(painted)
    except OSError as error:
        raise RunnerError(
            f"cannot be written: {error.strerror}", path=path, remedy=find_remedy(error)
        ) from error
