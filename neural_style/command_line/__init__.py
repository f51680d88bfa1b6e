"""The parts of the command line: arguments, reports, the progress bar, and what `info` shows."""
