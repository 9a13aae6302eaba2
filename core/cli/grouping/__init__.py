"""The command for groups of photos that must lie in one split."""
