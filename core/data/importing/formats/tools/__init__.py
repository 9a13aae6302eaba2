"""The files of annotation tools: Label Studio, CVAT, labelme, VGG Image Annotator (VIA), makesense.

Each reader turns its files into entries: what a file says of one photo. ``entries.settle_entries`` then applies
the rules that hold for all of them: one class a photo, no photo named twice, classes of photos against boxes.
"""
