"""The command summary: a network, layer by layer."""
