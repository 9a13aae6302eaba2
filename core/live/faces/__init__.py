"""Face and eye crops: a small detector, and what a model sees of a frame."""
