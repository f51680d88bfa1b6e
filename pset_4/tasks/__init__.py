"""The Luigi tasks, from the drop-in up to the remote, and down again to the painted picture."""
