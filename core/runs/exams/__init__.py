"""Final exams: a run's looks at its test photos, recorded and counted."""
