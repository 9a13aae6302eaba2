"""The lessons of the Learn page, one module each, and their charts."""
