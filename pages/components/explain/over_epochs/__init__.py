"""Over the epochs: how an answer and its heatmap formed."""
