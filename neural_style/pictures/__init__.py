"""Pictures: read, convert, resize and write them, and turn them into arrays."""
