"""Using trained models: predictions, evaluation, heatmaps, and suggestions for labelling."""
