"""Heatmaps: where a model looked, and whether the heatmap is faithful."""
