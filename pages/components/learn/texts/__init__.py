"""The texts of the lessons, on two levels, and their questions with a hint for each wrong answer."""
