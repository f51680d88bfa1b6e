"""Training a `TransformerNet` to paint in the style of one picture.

`command` is the command line and `trainer` the training. It takes `options`, and tells of `events`;
`data` are the pictures, `vgg` is the network that judges, `losses` its judgement; `checkpoints` are
what a training goes on from. Importing this package imports no PyTorch; `trainer` does.
"""
