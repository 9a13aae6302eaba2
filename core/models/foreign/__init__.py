"""State dicts as other programs save them: where they are in a file, how they name layers, and what else is there."""
