"""Registers a component with a camera: its script and style, with what all of them share put before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.limited.processes import PROCESSES

HERE = Path(__file__).resolve().parent


def camera_component(script: Path, root: str) -> Callable[..., Any]:
    """Return the component of a script and the style beside it; ``root`` is the CSS class of its element.

    Registered on each draw, because a second server in the same process (a test) starts with none. What decodes the
    camera's pictures is started meanwhile, so that the first one need not wait for it.
    """
    PROCESSES.warm()

    def text(suffix: str) -> str:
        return "".join(one.with_suffix(suffix).read_text(encoding="utf-8") for one in (HERE / "camera.js", script))

    component: Callable[..., Any] = st.components.v2.component(
        f"resnet_studio.{script.stem}", html=f'<div class="{root}"></div>', css=text(".css"), js=text(".js")
    )
    return component
