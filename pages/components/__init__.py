"""The visual parts that pages share."""
