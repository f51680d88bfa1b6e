"""Training a `TransformerNet` on the style of one picture.

`command` is the command line and `trainer` the training loop. It takes `options` and reports
`events`. `models` has the network and writes it, `data` reads the pictures, `losses` compares them
with the loss network's features, `clock` knows when to end, `preview` paints with the unfinished
network, `resuming` lets a training go on after an interruption, and `outputs` names the files.
Importing this package does not import PyTorch.
"""
