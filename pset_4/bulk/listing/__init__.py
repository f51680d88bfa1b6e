"""The names of the images of a run: listed or read from a manifest, and divided into shards."""
