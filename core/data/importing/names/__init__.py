"""What the names of folders, of a zip's files and of classes mean; what is unclear is asked."""
