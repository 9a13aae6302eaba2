"""What worker processes compute with the models of runs: reports, predictions, explanations."""
