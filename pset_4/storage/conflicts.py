"""What happens if the remote has other bytes under a drop-in's name."""

from __future__ import annotations

REFUSE = "refuse"
"""The drop-in fails, and both files stay as they are."""

KEEP_REMOTE = "keep-remote"
"""The remote's file is used, and the drop-in is not published."""

REPLACE = "replace"
"""The drop-in replaces the remote's file."""

CONFLICT_CHOICES = (REFUSE, KEEP_REMOTE, REPLACE)
