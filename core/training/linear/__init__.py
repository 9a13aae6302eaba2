"""Heads trained on kept vectors, without torch: logistic regression and the nearest class mean."""
