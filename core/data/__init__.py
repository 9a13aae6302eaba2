"""Images, labels, the store they live in, snapshots and splits, and what the network sees of them."""
