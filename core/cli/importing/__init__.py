"""What the import command reads from its words: its sources, and the answers to its questions."""
