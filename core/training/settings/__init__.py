"""The settings of a recipe, their limits, their conflicts and the sentences about wrong ones."""
