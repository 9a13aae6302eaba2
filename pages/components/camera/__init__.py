"""The camera: photos from the browser at its own resolution."""
