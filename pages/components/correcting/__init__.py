"""The closed loop on pages: correct labels in place, then train again."""
