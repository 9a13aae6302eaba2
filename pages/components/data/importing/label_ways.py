"""Explain in which ways photos get their labels, before files are chosen."""

import streamlit as st


def explain_ways() -> None:
    """Draw the explanation."""
    st.markdown(
        """
You can label photos in three ways:

- **a `labels.csv`** beside the photos, with the columns `filename` and `label` (and `split`, if you have one; a column
  `group`, or `person`, `camera`, `day`, keeps photos that belong together in one split; `tags` holds tags);
- **one folder per class**: `owl/1.jpg`, `duck/2.jpg`;
- **later**, on the Annotate page, with one key per photo.

For boxes, add the columns `x, y, width, height` or `xmin, ymin, xmax, ymax` to `labels.csv`, in pixels. Datasets in
COCO, Pascal VOC, YOLO or Hugging Face format are recognised, as a folder or a zip.

Image arrays in an `.h5` or `.npz` file can include labels: name the arrays `x` and `y`, or
`train_set_x`, `train_set_y`, `test_set_x`, `test_set_y` and `list_classes`.

To correct labels, boxes or splits of photos that are in the project, upload a `labels.csv` alone, for example the one
from **Download labels**. Its photos need not be uploaded again.

You see what was found, and what would change, before anything is stored. Many photos upload faster as one zip.
"""
    )
