"""Downloads over HTTP, and how slow a transfer may be."""
