"""Run ``python -m pset_4 models fetch`` with its options, under the name that the course uses."""

from __future__ import annotations

import runpy
import sys

if __name__ == "__main__":
    sys.argv[1:1] = ["models", "fetch"]
    runpy.run_module("pset_4", run_name="__main__")
