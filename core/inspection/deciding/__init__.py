"""Apply a saved decision to logits; core.inspection.doubt fits it."""
