"""Images packed as arrays in .npz and .h5 files."""
