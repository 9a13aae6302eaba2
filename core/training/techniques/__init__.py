"""Techniques that a training can add to the plain loop: each in a module of its own, off unless chosen."""
