"""Automatic training: first the head, then deeper layers where they are worth their time, and the best is kept."""
