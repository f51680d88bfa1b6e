"""Publish pictures and styles to a remote, and paint every picture in every style."""
