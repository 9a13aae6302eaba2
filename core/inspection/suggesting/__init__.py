"""Help with labelling: feature vectors, a linear probe on them, suggestions, likely label errors, duplicates."""
