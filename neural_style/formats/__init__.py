"""Style files: read, check, cache, convert and write them.

`model_file` reads a file and refuses what is obviously not a style. `safetensors_file` and
`torch_file` decode the two checkpoint formats; `weights` checks names, shapes and values for both.
`checkpoint` builds a network from a checkpoint, `weight_cache` keeps the weights of checkpoints
that only PyTorch can read, and `saving` and `onnx_export` write style files.
"""
