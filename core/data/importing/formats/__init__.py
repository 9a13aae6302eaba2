"""Data sets as other tools write them: COCO, Pascal VOC, YOLO, Hugging Face, class folders.

The readers and writers are our own. Of the libraries made for it, supervision brings OpenCV, matplotlib and av;
datumaro brings TensorFlow's readers and more; pylabel is no longer maintained; globox is light, but knows no splits,
stops at the first thing that is wrong, cannot read out of a zip and opens untrusted XML with the plain parser. What is
needed here is small: every problem said with its file and line, nothing clipped, the splits kept.
"""
