"""One picture at a time: decoding, stored files, crops, resized copies, augmentation, near-duplicates, quality."""
