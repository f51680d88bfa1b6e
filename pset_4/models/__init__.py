"""Model files as people get and list them: official models, archives, listings."""
