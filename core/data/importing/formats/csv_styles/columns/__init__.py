"""Find the columns of a table that name the photos and their classes, where their names do not say it."""
