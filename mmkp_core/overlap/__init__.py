"""What two sets of posts share, and splits of one set that do not leak."""
