"""Predictions of a model, and the features that it computes."""
