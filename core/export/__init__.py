"""Export a run as files that other programs can use."""
