"""Graphs that compute what a network of the family does, as such networks.

`terms` says what a tensor of a graph may be, `reading` finds out what each is, and `recognition`
compares that with the family. Names do not count, and constants may be folded or not. A graph is
recognized only if every step is known to compute the same; anything else is left to OpenVINO.
"""
