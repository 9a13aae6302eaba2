"""Bounding boxes: their rows, the checks on them, and their changes."""
