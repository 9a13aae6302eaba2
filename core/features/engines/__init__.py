"""What computes a frozen network on this machine: torch or onnxruntime, in fp32, bf16 or int8, whichever is fastest."""
