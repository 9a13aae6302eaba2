"""Key handling for labelling desks, added in the browser to Streamlit's button shortcuts."""

from pathlib import Path

import streamlit as st

from pages.components.shared.assets import asset

HERE = Path(__file__).resolve().parent


def guard_keys(image_id: int | None = None) -> None:
    """Guard the keys of a section whose buttons have shortcuts.

    After a choice by mouse the keys work immediately, and a key held down counts once. With ``image_id``, the photo on
    the desk, Enter presses no button that was only clicked, and the focus stays on the same class.
    """
    guard = st.components.v2.component("resnet_studio.annotate_keys", js=asset(HERE / "key_guard.js"))
    guard(key="annotate-keys", data={"image": image_id}, height=0)
