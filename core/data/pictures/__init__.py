"""Pictures: decoding, stored files, crops, resized copies, augmentation, near-duplicates, image quality."""
