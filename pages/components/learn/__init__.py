"""The parts of the Learn page: the network drawn, its blocks, its table of layers."""
