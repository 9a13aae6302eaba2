"""What frozen networks compute of photos, kept on disk: pooled vectors and feature maps of fixed views."""
