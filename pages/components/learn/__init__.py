"""The Learn page: network drawings, block drawings, the table of layers, and what all lessons share."""
