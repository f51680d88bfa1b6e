"""Mixtures of styles: how they are written, and how they are painted."""
