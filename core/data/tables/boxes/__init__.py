"""The boxes in a table: their columns, their numbers, and the size of the photo beside them."""
