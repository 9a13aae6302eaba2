"""Run folders, and the background jobs that train them."""
