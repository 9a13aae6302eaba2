"""The kinds of input that were tried, one module for each area."""
