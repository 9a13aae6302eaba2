"""Whether a run's answers come from the background, on the Evaluate page."""
