"""The decision of a run's best model: fitting it, changing it, and what it does on the validation photos."""
