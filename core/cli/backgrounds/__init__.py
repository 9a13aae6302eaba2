"""The command about changed backgrounds."""
