"""Trainings in Chromium that are more than one run."""
