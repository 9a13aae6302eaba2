"""Data sets in the formats of other tools: COCO, Pascal VOC, YOLO, Hugging Face, class folders.

We read and write them ourselves, because the libraries for it do not fit. supervision depends on OpenCV, matplotlib and
av; datumaro depends on TensorFlow's readers and more; pylabel is no longer maintained. globox is light, but it has no
splits, stops at the first error, cannot read inside a zip and parses untrusted XML with the plain parser. We need
little: every problem reported with its file and line, no box clipped, and the splits kept.
"""
