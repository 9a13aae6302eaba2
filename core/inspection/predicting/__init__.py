"""What a model predicts for a picture, and the features it computes on the way."""
