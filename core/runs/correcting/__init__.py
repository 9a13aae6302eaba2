"""The closed loop: train a run again on corrected labels, and see what changed."""
