"""Predictions of very many photos: written to one table, shared between machines, continued after an interruption."""
