"""What the readers of annotation tools share: names of photos, shapes, entries, and the rules that settle these."""
