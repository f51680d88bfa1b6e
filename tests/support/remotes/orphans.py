"""Temporary files and folders that a killed process left behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

from csci_utils.atomic import ORPHAN_SECONDS


def make_old(path: Path) -> None:
    """Give a file, folder or link the age at which it counts as left behind."""
    then = time.time() - ORPHAN_SECONDS - 60
    os.utime(path, (then, then), follow_symlinks=os.utime not in os.supports_follow_symlinks)
