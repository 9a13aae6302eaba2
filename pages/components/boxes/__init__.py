"""Drawing boxes on the Annotate page."""
