"""The document with its tables and its plot, rendered from raw results."""
