"""Groups and tags of photos: who belongs together, and what else a photo shows."""
