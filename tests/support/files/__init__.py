"""Files made for tests: images, graphs, pickles and archives."""
