"""What a teacher needs in a lesson: who is at which lesson, the locked exam, how far the class is."""
