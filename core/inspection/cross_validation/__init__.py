"""Cross-validation: every training and validation photo, predicted by a model that has not seen it."""
