"""How good a model is: reports with intervals, comparisons, agreement."""
