"""A run's report as one printable, self-contained HTML page."""
