"""Style files: reading, checking, caching, converting and writing them."""
