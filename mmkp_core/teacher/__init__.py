"""Rationales from a teacher model behind any OpenAI-compatible endpoint, bought once and kept with their provenance."""
