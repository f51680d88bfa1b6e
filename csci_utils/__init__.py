"""Generic building blocks: atomic Luigi targets, an S3 client for Luigi, one copy task.

Knows nothing of pictures or styles. ``csci_utils.luigi`` needs the extra ``luigi``.
"""
