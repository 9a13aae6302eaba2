"""The history of a project: recorded changes, undo and redo, roll-back to any moment, and each annotator's labels."""
