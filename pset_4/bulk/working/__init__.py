"""What one worker does: it claims shards, and fetches, paints and publishes."""
