"""Projects, images and annotations in a database, and every change of them as an event that can be undone."""
