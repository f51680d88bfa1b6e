"""Style models as self-contained MLflow models."""
