"""Networks as ONNX graphs, for runtimes other than torch."""
