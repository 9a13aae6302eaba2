"""labels.csv and its like: cells, columns, rows, and which file each row means."""
