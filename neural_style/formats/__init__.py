"""Style files: read, check, convert and write them.

`model_file` reads a file and refuses what is obviously not a style. `safetensors_file` decodes one
checkpoint format. `torch_file` decodes the other without PyTorch, from the archives that
`zip_archive` reads, the pickles that `restricted_pickle` reads, and the tensors in them, which
`torch_objects` knows; `state_dict` finds the weights in what they hold. `tensors` makes a network
of the weights of both. `onnx_gate` checks graphs, and `onnx_network` recognizes networks in them.
`checkpoint` builds a network of PyTorch, and `saving` and `onnx_export` write style files.
"""
