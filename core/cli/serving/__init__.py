"""The commands that bring a model to others: serve and push."""
