"""Model files: the official models, the archive that they come in, and a listing of all models."""
