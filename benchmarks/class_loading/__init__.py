"""The parts of class_load.py: a browser tab without a browser, what a pupil does, the server, the figures."""
