"""The commands for lessons."""
