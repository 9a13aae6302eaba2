"""What a run was like at the epochs that it kept."""
