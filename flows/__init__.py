"""The tables of contents: one file per flow, read top down.

`stages` holds what the flows have in common, `catalogue` lists them, `cli` is the command line, `serve` and
`server` run Prefect. Importing this package loads nothing.
"""
