"""Every table of the store, its columns with their types and meanings, and the views that show them.

table       what a table is: named columns, from which Arrow's schema and DuckDB's types follow
posts       posts, images, rows that could not be used
vision      what images hold, given by a source or found by an engine
splits      parts of a split, pairs of posts that are too similar
teacher     rationales and paid replies
runs        training curves and predictions
evaluation  scores, per phrase, per post and in all
store       what records and names say of artifacts, runs and decisions
views       the catalog's views
"""
