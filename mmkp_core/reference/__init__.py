"""The reference lines: what can be reached without learning anything."""
