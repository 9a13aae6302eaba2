"""Tables of labels in the styles of other tools, one module a style: each is rewritten with the usual columns."""
