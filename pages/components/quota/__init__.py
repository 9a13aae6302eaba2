"""What a pupil has used of the limits of the class."""
