"""Looks for damaged runs, and makes projects of photos that the database does not know."""
