"""How a run ends: the sentences about what went wrong."""
