"""Pictures: reading, converting, resizing and writing them, and their arrays."""
