"""Backends: one module for each, and `loading`, which chooses one."""
