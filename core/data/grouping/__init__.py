"""Groups of photos that belong together (a person, a camera, a day): from file names, and as whole groups in splits."""
