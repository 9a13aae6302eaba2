"""Tables of labels among the files of an import: where they lie, what they leave out, and which are not used."""
