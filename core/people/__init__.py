"""Who is here: classes, pupils and their private workspaces on one server."""
