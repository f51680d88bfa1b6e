"""Remotes for tests, and their servers and faults."""
