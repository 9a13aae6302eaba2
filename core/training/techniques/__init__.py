"""Techniques that a training can add to the plain loop, each in a module of its own and off unless chosen; optimizers."""
