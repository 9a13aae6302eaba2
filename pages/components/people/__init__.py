"""The page of a class: the way in, the pupils, what the teacher can do for them."""
