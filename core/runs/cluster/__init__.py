"""Trainings on a Ray cluster: the setting, the turns, and what happens on a machine. See ``dispatcher``."""
