"""What the model sees of a frame on the Live page: the whole picture, the largest face or the eyes."""

import streamlit as st

from core.live.faces.crops import Crop

CROPS: dict[str, Crop] = {"Whole picture": "whole", "Largest face": "face", "Eyes": "eyes"}
COMMAND = "python -m core crop-faces PHOTOS --crop {crop} --out CROPS"
WHAT: dict[Crop, str] = {
    "face": "The model sees the largest face, with a margin.",
    "eyes": "The model sees each eye of the largest face; the mean of both is the answer.",
}


def pick_crop(task: str) -> Crop:
    """Draw the choice and return it; models for boxes see the whole picture."""
    if task == "localization":
        return "whole"
    chosen = st.segmented_control(
        "Crop",
        list(CROPS),
        default="Whole picture",
        required=True,
        key="live-crop",
        help="A detector (YuNet) finds the face on the server. Frames without a face get no answer.",
    )
    return CROPS[chosen]


def explain_crop(crop: Crop) -> None:
    """Say what the model sees, and that it should have been trained on the same."""
    if crop == "whole":
        return
    st.caption(
        f"{WHAT[crop]} Train it on such crops, or its answers mean little: `{COMMAND.format(crop=crop)}` makes them of "
        "photos. A frame without a face counts as “no face” in the log and the CSV, not as an answer."
    )
