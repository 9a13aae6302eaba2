"""Optimizers, and techniques that a training can add to the plain loop, each in a module of its own."""
