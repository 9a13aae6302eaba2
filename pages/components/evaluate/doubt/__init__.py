"""The views Doubt and Thresholds of the Evaluate page."""
