"""How many views of a photo a prediction may average; imports nothing, because every recipe needs it."""

MOST_TEST_TIME_VIEWS = 10
"""A view and crops of its four corners, each also mirrored."""
