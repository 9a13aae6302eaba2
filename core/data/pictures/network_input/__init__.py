"""How a picture becomes a network's input, without torch: the preprocessing, and the views kept at an import."""
