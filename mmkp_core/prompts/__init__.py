"""Prompts for models and the reading of their answers: pure functions, one answer format for all models."""
