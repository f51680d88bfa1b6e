"""ONNX graphs, checked against a list of what a style network may contain."""
