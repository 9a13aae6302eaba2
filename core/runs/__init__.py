"""Run folders and the background jobs that fill them."""
