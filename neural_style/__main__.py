"""`python -m neural_style`."""

import sys

try:
    from .neural_style import main
except KeyboardInterrupt:
    print("interrupted", file=sys.stderr)
    raise SystemExit(130) from None  # EXIT_INTERRUPTED, which may not be imported yet

if __name__ == "__main__":
    sys.exit(main())
