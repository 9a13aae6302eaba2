"""Each technique does what it says."""
