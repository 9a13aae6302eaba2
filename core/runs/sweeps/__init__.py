"""Sweeps: several runs that are started together and compared, over seeds, recipes or both."""
