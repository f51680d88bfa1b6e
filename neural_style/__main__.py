"""``python -m neural_style``."""

from __future__ import annotations

import sys

from csci_utils.signals import interrupt_on_termination


def run() -> int:
    """Run the command line as a program, and return its exit code."""
    try:
        interrupt_on_termination()
        from .neural_style import main
    except ModuleNotFoundError as error:  # Pillow or numpy, which come with every extra
        from .errors import install_remedy

        print(f"error: {error}; {install_remedy('style')}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130  # ExitCode.INTERRUPTED, which may not be imported yet
    return main()


if __name__ == "__main__":
    sys.exit(run())
