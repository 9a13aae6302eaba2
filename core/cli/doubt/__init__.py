"""The commands about doubt: what a model's answers are worth, and what is left to a person."""
