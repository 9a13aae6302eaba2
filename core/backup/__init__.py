"""Backup and restore of the server's folder: projects, labels, photos and runs, while the app is in use."""
