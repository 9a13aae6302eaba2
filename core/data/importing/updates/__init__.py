"""Updates of photos that are in the project: find them, compare their labels, apply the differences."""
