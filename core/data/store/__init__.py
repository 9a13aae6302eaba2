"""Projects, images and annotations in a database; every change is an event that can be undone."""
