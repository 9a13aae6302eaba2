"""Runs that solve the head on kept vectors, from the first event to the reports, without torch."""
