"""The command group people: classes, pupils and the teacher's PIN, for whoever runs the server."""
