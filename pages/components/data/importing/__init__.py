"""What the Data page shows of an import: boxes, questions, progress and the line on other pages."""
