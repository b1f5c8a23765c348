"""Parts of a classic system: the specs that each may be, and the table that leads from a spec to its block."""
