"""The commands that export a model in other forms."""
