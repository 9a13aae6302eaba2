"""The labelling desk: one photo at a time, its state, its view, and the address that its keys ask."""
