"""Boxes in pixels of the upright photo: their unit, their corner or centre, and the size and turn of their photo."""
