"""Sections of the Annotate page for labels; boxes are in ``boxes``."""
