"""Measures what paints a `TransformerNet`, and writes docs/performance.md: ``make bench``.

`campaign` measures, each time in a process of its own, and keeps raw `results`; `report` and
`plot` make the document from them, at any later time.
"""
