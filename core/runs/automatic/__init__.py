"""Automatic training: first the head, then more layers where they are worth their time, and the best is kept."""
