"""``python -m pset_4``."""

from __future__ import annotations

import gc
import sys

from csci_utils.signals import interrupt_on_termination

NEW_OBJECTS = 10_000
"""How many objects are made before Python looks for cycles among them: usually 700, which takes a
tenth of the time of a run over thousands of finished images."""


def run() -> int:
    """Run the command line as a program, and return its exit code."""
    gc.set_threshold(NEW_OBJECTS)
    try:
        interrupt_on_termination()
        from .cli import main
    except ModuleNotFoundError as error:  # click, which comes with the extra "pipeline"
        from neural_style.errors import install_remedy

        remedy = install_remedy("luigi", "pipeline", "style")
        print(f"error: {error}; {remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: nothing was begun", file=sys.stderr)
        return 130  # ExitCode.INTERRUPTED, which may not be imported yet
    return main()


if __name__ == "__main__":
    sys.exit(run())
