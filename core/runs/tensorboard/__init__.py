"""TensorBoard's event files of a run."""
