"""Child processes that report one JSON object per line, as `JsonReporter` writes them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from tempfile import TemporaryFile
from typing import IO, Any

import neural_style.errors
from csci_utils.text import one_line
from neural_style import NeuralStyleError
from neural_style.command_line.parent import PARENT_VARIABLE
from neural_style.errors import install_remedy
from neural_style.system.interruption import stopped_by_interrupt

from ..errors import RunnerError
from .base import Notify, Progress

PASSED = re.compile(
    "|".join(
        [
            # Where programs, people's folders and temporary files are.
            "PATH|PATHEXT|HOME|HOMEDRIVE|HOMEPATH|USERPROFILE|TMPDIR|TEMP|TMP|XDG_CACHE_HOME",
            # What Windows' libraries and compilers of kernels ask for.
            "SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|OS|APPDATA|LOCALAPPDATA|PROGRAMDATA"
            r"|PROGRAMFILES(\(X86\))?|PROGRAMW6432|NUMBER_OF_PROCESSORS|PROCESSOR_\w+",
            # Names of folders that caches are kept in.
            "USER|USERNAME|LOGNAME",
            # Language, encoding and time.
            r"LANG|LANGUAGE|LC_\w+|TZ",
            # Where shared libraries of engines and drivers are.
            "LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|DYLD_FALLBACK_LIBRARY_PATH",
            # The choice of a device, and settings of its driver.
            r"(CUDA|HIP|ROCR|HSA|ZE|SYCL|ONEAPI|NVIDIA|PYTORCH)_\w+|GPU_DEVICE_ORDINAL",
            # Threads, and the vector instructions of math libraries.
            r"(OMP|GOMP|KMP|MKL|OPENBLAS|VECLIB|TBB|DNNL|ONEDNN|ATEN)_\w+",
            # Settings of this project's painting.
            r"NEURAL_STYLE_\w+",
            # The interpreter's environment and modules, as they are for this process.
            "VIRTUAL_ENV|CONDA_PREFIX|PYTHONPATH|PYTHONNOUSERSITE|PYTHONUSERBASE|PYTHONUTF8"
            "|PYTHONDONTWRITEBYTECODE|PYTHONPYCACHEPREFIX|PYTHONHASHSEED|PYTHONWARNINGS"
            "|PYTHONFAULTHANDLER",
            # The server that a script reaches which paints in a container.
            "DOCKER_HOST|DOCKER_CONTEXT|XDG_RUNTIME_DIR",
        ]
    )
)
"""The environment variables that are passed to a painting program: see docs/runners.md."""

SECRET = re.compile(
    "AUTH|CRED|KEY|PASS|PRIVATE|SECRET|TOKEN"
    "|(?<![A-Z])(BEARER|COOKIE|DSN|JWT|PAT|PIN|PW|PWD|SAS|SESSION|SIG|URI|URL)(?![A-Z])"
)
"""Variables that are never passed, such as ``NVIDIA_API_KEY``. The short ones count only as whole
words."""

PYTHON_VARIABLES = {
    "PYTHONIOENCODING": "utf-8",  # in which the output is read
    "PYTHONSAFEPATH": "1",  # the current folder holds people's files, not modules
}

KILLED = -9
"""The return code after SIGKILL, which Windows does not have."""

GRACE_SECONDS = 5
"""How long a child that was asked to end may take before it is killed."""


class ChildProcess:
    """A program that runs to its end while its reports are passed on."""

    def __init__(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, str] | None = None,
        notify: Notify | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Prepare, and start nothing yet.

        Args:
            arguments: The program and its arguments.
            variables: More variables for its environment: see `make_environment`.
            notify: Called with its notes.
            progress: Called with its progress.
        """
        self.name = name_command(arguments)
        self._arguments = arguments
        self._environment = {**make_environment(), **(variables or {})}
        self._notify = notify
        self._progress = progress
        self._error: dict[str, Any] | None = None
        self._result: dict[str, Any] | None = None

    def run(self) -> dict[str, Any] | None:
        """Run it, and return the result that it reported, if it did.

        Raises:
            NeuralStyleError: It reported this error.
            RunnerError: It cannot be started, or failed without reporting why.
        """
        with TemporaryFile() as stderr, self._start(stderr) as process:
            with stopped_by_interrupt(process.terminate):
                code = self._follow(process)
            if self._error is not None:
                raise _to_error(self._error)
            if code != 0:
                stderr.seek(0)
                raise self._describe_failure(code, stderr.read().decode(errors="replace"))
        return self._result

    @contextmanager
    def _start(self, stderr: IO[bytes]) -> Iterator[subprocess.Popen[str]]:
        try:
            process = subprocess.Popen(
                self._arguments,
                env=self._environment,
                stdin=subprocess.PIPE,  # closed by the system if this process is killed
                stdout=subprocess.PIPE,
                stderr=stderr,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise RunnerError(
                f"cannot be started ({error.strerror})",
                path=self._arguments[0],
                remedy="check --python",
            ) from error
        try:
            yield process
        except BaseException:  # Ctrl-C, or an error of a callback
            _end(process)
            raise
        finally:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.stdout.close()

    def _follow(self, process: subprocess.Popen[str]) -> int:
        """Pass reports on until the program ends, and return its return code."""
        for line in process.stdout or ():
            try:
                report = json.loads(line)
            except ValueError:
                continue  # other programs print there, too
            if isinstance(report, dict):
                self._take(report)
        return process.wait()

    def _take(self, report: dict[str, Any]) -> None:
        if self._notify and "note" in report:
            self._notify(str(report["note"]))
        if self._progress and "progress" in report:
            done, total = report["progress"]
            self._progress(int(done), int(total))
        self._result = report.get("result", self._result)
        self._error = report.get("error", self._error)

    def _describe_failure(self, code: int, stderr: str) -> RunnerError:
        if code == KILLED:
            return RunnerError(
                f"{self.name} was killed", remedy="if memory was short, try --max-side"
            )
        lines = [line for line in stderr.splitlines() if line.strip()]
        last = one_line(lines[-1]) if lines else "it did not say why"
        return RunnerError(
            f"{self.name} failed with return code {code} ({last})",
            remedy=f"check --python; if a package is missing there, {install_remedy('style')} with "
            "that Python (for the runner mlflow, with the extra mlflow, too)",
        )


def _end(process: subprocess.Popen[str]) -> None:
    """End a child, which may be ending by itself: Ctrl-C reaches it, too."""
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _to_error(reported: Mapping[str, Any]) -> NeuralStyleError:
    """Return the error that a child reported."""
    kind = getattr(neural_style.errors, str(reported.get("type")), None)
    if not (isinstance(kind, type) and issubclass(kind, NeuralStyleError)):
        kind = NeuralStyleError
    path, remedy = reported.get("path"), str(reported.get("remedy") or "")
    return kind(
        str(reported.get("reason")), path=None if path is None else str(path), remedy=remedy
    )


def make_environment() -> dict[str, str]:
    """Return the environment of a painting program: see `PASSED`."""
    # Not `items`, which fails if another thread removes a variable meanwhile.
    passed = {name: os.environ[name] for name in os.environ if _is_passed(name)}
    return passed | PYTHON_VARIABLES | {PARENT_VARIABLE: "stdin"}


def _is_passed(name: str) -> bool:
    return PASSED.fullmatch(name) is not None and SECRET.search(name) is None


def name_command(arguments: Sequence[str]) -> str:
    """Return a command as people know it: up to its first option."""
    return shlex.join(takewhile(lambda word: not word.startswith("--"), arguments))
