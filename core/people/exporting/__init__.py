"""What a school can hand over: everything that is stored of one pupil, in one file."""
