"""The history of a project: recorded changes, undo and redo, roll-back to any moment, and who said what."""
