"""Commands for whoever runs a server: backup, restore, and the server of a class."""
