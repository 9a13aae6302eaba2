"""Plays a photo's answers over the epochs in the browser: a slider, a button, the heatmap, the likeliest classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.components.shared.assets import asset
from pages.components.shared.photo_wall import data_uri

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class PlayerFrame:
    """What one epoch shows."""

    label: str
    """Which epoch it is."""
    heat: bytes
    """The coloured heatmap, a JPEG file."""
    bars: tuple[tuple[str, float, str], ...]
    """Class, probability and the probability in words; the same classes in every frame."""
    predicted: str
    note: str = ""


def play(picture: bytes, frames: Sequence[PlayerFrame], *, key: str, alt: str) -> None:
    """Draw the player over a photo, a JPEG file; it begins with the last frame."""
    # Registered on each draw, because a second server in the same process (a test) starts with none.
    component = st.components.v2.component(
        "resnet_studio.epoch_player",
        html='<div class="player"></div>',
        css=asset(HERE / "epoch_player.css"),
        js=asset(HERE / "epoch_player.js"),
    )
    told = [
        {
            "label": one.label,
            "heat": data_uri(one.heat),
            "bars": [{"name": name, "share": share, "text": text} for name, share, text in one.bars],
            "predicted": one.predicted,
            "note": one.note,
        }
        for one in frames
    ]
    component(key=key, data={"src": data_uri(picture), "alt": alt, "frames": told})
