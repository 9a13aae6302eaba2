"""Weight files of unknown origin: nothing in them runs, and sizes are checked before anything is copied or unpacked."""
