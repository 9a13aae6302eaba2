"""Data sets in the formats of other tools: COCO, Pascal VOC, YOLO, Hugging Face, class folders, annotation tools.

We read and write them ourselves, because the libraries for it do not fit (looked at again in 2026). datumaro 1.13 needs
pandas 2 (we use 3), OpenCV, lxml, shapely and pycocotools, reads a folder on disk, knows neither Label Studio nor VIA
nor makesense, and stops at the first photo that is not there. supervision 0.31 needs av and matplotlib, reads folders
only, and stops at the first error. label-studio-sdk 2.1 converts from Label Studio to other formats; it
needs nltk, OpenCV, lxml and twenty more packages, and leaves out what it does not know without a word. pylabel is no
longer maintained; globox has no splits and parses untrusted XML with the plain parser. None reads inside a zip. We need
little: every problem reported with its file and line, no box clipped, the splits kept, nothing guessed in silence.
"""
