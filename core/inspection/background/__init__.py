"""Whether a model's answers come from the background: changed backgrounds, and figures by tag, group and class."""
