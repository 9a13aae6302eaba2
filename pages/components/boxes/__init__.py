"""The box desk of the Annotate page."""
