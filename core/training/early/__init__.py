"""The early first model: a head from a few photos of each class, while the features of the others are computed."""
