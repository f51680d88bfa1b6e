"""The engine on a machine where it is not installed."""

from __future__ import annotations

import os
import subprocess
import sys

from neural_style.engine import find_obstacle

from ..errors import BenchmarkError
from ..programs import ROOT

_SITE = ROOT / "build" / "accelerators" / "site"
_TRIED = "PSET_4_BENCH_COMPILED"


def ensure_engine() -> None:
    """Compile the engine if it is missing, and start this program again with it.

    Nothing is downloaded: nanobind and scikit-build-core have to be there.

    Raises:
        BenchmarkError: It cannot be compiled.
    """
    if find_obstacle() is None:
        return
    if os.environ.get(_TRIED):
        raise BenchmarkError(f"{find_obstacle()}, although it was compiled", path=_SITE)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(_SITE)]
    offline = ["--no-build-isolation", "--no-deps", "--no-index"]
    print("compiling the engine", file=sys.stderr, flush=True)
    if subprocess.run([*pip, *offline, str(ROOT)], check=False).returncode:
        raise BenchmarkError("the engine cannot be compiled", remedy="install a C++ compiler")
    # Behind the current folder, whose packages have no compiled module beside them.
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(_SITE)]))
    environment = os.environ | {_TRIED: "1", "PYTHONPATH": path}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
