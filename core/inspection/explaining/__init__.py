"""Heatmaps: where a model looked, and how far that can be trusted."""
