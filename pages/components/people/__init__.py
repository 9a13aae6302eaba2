"""Who is here: the door of the server, the page on which one joins, and the teacher's view of a class."""
