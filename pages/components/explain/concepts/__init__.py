"""What a class is made of: its parts, each with its strongest crops."""
