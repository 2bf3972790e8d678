"""Comparison of models with the MD, and what follows from it."""
