"""Measurements of many images: transfers, the pipeline, and clusters."""
