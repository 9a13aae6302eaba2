"""Groups and tags on the Data page: groups of photos that stay in one split, made from file names, tags or by hand."""
