"""The commands that use a model on images: evaluate, predict, explain and features."""
