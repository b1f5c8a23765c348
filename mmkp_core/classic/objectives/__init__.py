"""Objectives: what a stage of a classic system's training learns."""
