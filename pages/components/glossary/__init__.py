"""The words of the field, explained once for all pages."""
