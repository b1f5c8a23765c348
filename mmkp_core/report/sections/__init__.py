"""Sections of the report, each worked out from scores and what is shown beside them."""
