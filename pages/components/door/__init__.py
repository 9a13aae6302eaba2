"""The door of the server: who has opened a tab, the pages on which one joins, and whose files are whose."""
