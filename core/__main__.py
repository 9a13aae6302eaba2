"""Starts the command line: python -m core."""

from core.cli import main

# Processes that load photos are spawned and import this module anew: only the first one may run the command.
if __name__ == "__main__":
    main()
