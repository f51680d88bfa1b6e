"""Where files are: drop-ins, the remote, the cache, and records of what they were made from."""
