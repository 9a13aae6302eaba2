"""The parts of the Export page."""
