"""Parts of a running import."""
