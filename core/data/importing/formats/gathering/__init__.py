"""What the readers of all formats share: values of strangers, names of photos, outlines, and questions about boxes."""
