"""``python -m pset_4``."""

import sys

try:
    from .cli import cli
except ModuleNotFoundError as error:  # click, which comes with the extra "pipeline"
    raise SystemExit(f"error: {error}: run pip install '.[all]' in the project's folder") from error
except KeyboardInterrupt:
    print("interrupted: nothing was begun", file=sys.stderr)
    raise SystemExit(130) from None  # ExitCode.INTERRUPTED, which may not be imported yet

if __name__ == "__main__":
    cli(prog_name="python -m pset_4")
