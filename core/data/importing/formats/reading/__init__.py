"""The parts of the readers of COCO, Pascal VOC, YOLO and Hugging Face data sets."""
