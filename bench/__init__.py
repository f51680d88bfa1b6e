"""A benchmark of everything that paints with a `TransformerNet`; ``make bench`` runs it.

`measuring` runs each contender in a process of its own and keeps the raw `results`. From these,
`report` renders docs/performance.md, at the end of a run or at any later time.
"""
