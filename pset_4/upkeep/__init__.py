"""Removing and replacing files on request, for the commands `remove`, `prune` and `replace`."""
