"""Sweeps on the Train page: several seeds or recipes, started together and compared."""
