"""Parts of an exported model's README: its front matter, its use, its picture."""
