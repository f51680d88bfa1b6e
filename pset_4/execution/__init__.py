"""Running tasks with Luigi, and describing the outcome."""
