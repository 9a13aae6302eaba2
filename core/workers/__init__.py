"""Worker processes for the heavy computations of pages: shared by all tabs, at low priority, with limited memory."""
