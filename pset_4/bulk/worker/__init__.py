"""One worker: it claims shards, fetches their images, paints them and publishes the results."""
