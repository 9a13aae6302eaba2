"""Sources that are made of several: zips of samples in a folder."""
