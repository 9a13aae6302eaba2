"""Starts the command line: python -m core."""

from core.cli import main

# Data-loading workers are spawned and import this module again; only the first process may run the command.
if __name__ == "__main__":
    main()
