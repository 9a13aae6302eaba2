"""How a run ends: the sentences about its model, and about what went wrong."""
