"""Blocks: the network of each part of a classic system, one file each."""
