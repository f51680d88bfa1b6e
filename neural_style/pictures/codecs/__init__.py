"""The structure of image files, and decoders for what Pillow decodes wrongly or refuses."""
