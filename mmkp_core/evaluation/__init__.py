"""Scores: protocols, slices, significance, and the decision between champion and challenger."""
