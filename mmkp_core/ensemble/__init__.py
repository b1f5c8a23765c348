"""Ensembles: systems trained side by side, whose phrases are ranked together."""
