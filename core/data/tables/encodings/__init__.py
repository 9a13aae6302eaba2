"""The encodings that files of words may be in, and how likely each is by the languages of the words."""
