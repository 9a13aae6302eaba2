"""Tables of labels such as labels.csv: cells, columns, rows, and the file that each row belongs to."""
