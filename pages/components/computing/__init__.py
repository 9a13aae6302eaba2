"""Computations in worker processes, with their progress, remaining time and Stop on the page."""
