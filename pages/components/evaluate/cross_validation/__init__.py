"""The cross-validation of a run's or a project's photos, on the Evaluate page."""
