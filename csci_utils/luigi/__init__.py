"""Luigi targets, file systems and tasks. Needs the extra ``luigi``."""
