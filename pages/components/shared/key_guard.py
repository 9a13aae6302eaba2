"""What Streamlit's shortcuts lack on a labelling desk, made up for in the browser."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent


def guard_keys(image_id: int | None = None) -> None:
    """Call this in every section whose buttons have keys.

    After a choice by mouse the keys answer at once, and a key that is held down counts once. With ``image_id``, of the
    photo on the desk, Enter presses no button that was merely clicked, and the focus stays on the same class.
    """
    guard = st.components.v2.component(
        "resnet_studio.annotate_keys", js=(HERE / "annotate_keys.js").read_text(encoding="utf-8")
    )
    guard(key="annotate-keys", data={"image": image_id}, height=0)
