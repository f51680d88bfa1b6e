"""The demo: real photographs and styles, from packages that carry them, for a first look."""
