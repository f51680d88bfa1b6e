"""What workers agree on through the remote alone: small documents, and leases on shards."""
