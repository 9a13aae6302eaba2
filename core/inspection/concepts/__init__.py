"""What a class is made of: non-negative factors of the last stage's maps, and what each adds to the class's score."""
