"""The residual networks, their weights and the bundles they travel in."""
