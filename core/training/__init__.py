"""From a snapshot and a recipe to a fine-tuned network."""
