"""Networks as values: what describes one, what its parameters are, and how styles are mixed.

`description` says which layers a network has, `weights` checks the parameters of a file against it,
and `network` holds both. `metadata` writes into a file what the parameters do not tell. `mixtures`
checks numbers and weights of the styles in one file.
"""
