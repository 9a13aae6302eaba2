"""Answers to a stream of frames: smoothing over time, alarms, the log, and how fast it all is."""
