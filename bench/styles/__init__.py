"""The benchmark of other networks than the official ones: 26 styles in one file, and `imitate`."""
