"""Export a model as one ONNX file that other programs run without ResNet Studio and without torch."""
