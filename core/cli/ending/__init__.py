"""What a command prints when it ends."""
