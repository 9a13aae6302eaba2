"""What strangers upload, decoded in processes of their own within limits on memory and time."""
