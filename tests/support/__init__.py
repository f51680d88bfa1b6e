"""Helpers for several test files, as plain functions and classes."""
