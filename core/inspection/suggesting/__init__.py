"""Models that help to label: vectors, a linear probe on them, suggestions, likely label errors, duplicates."""
