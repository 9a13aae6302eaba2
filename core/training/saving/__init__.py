"""What a training saves: the description of its bundles, and bundles of a solved head."""
