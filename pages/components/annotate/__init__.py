"""The parts of the Annotate page for labels; boxes have a folder of their own."""
