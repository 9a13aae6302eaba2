"""A demo of the model for others: on this computer, or as a Hugging Face Space."""

import shlex

import streamlit as st

from core.export.space_kinds import KINDS
from core.runs.folder import RunFolder
from pages.components.shared import frame


def demo(run: RunFolder) -> None:
    """Draw how to let others try the model in a browser."""
    folder = shlex.quote(str(run.best)) if frame.offers_server_files() else "FOLDER_OF_THE_UNPACKED_ZIP"
    st.markdown(
        "**On this computer.** Upload, paste or take a photo; the demo shows the predicted classes and the heatmap. "
        "Start it in the ResNet Studio folder:"
    )
    st.code(f"python demo.py {folder}", "bash")
    st.markdown(
        "**On the internet.** With a [Hugging Face Space](https://huggingface.co/spaces), everyone can try the model. "
        "Choose what it runs on:"
    )
    kind = st.radio(
        "Kind of Space",
        list(KINDS),
        format_func=lambda name: KINDS[name].title,
        captions=[one.cost for one in KINDS.values()],
        label_visibility="collapsed",
        key="export-space",
    )
    st.markdown(
        "Run `hf auth login` first, and replace USER with your Hugging Face user name. `push` lists the files and asks "
        "before it publishes them. It holds photos back unless you add `--with-photos`."
    )
    st.code(
        f"python -m core export {folder} --space {kind} --out ../demo-space\n"
        "python -m core push ../demo-space USER/resnet-demo",
        "bash",
    )
    st.markdown("**The model itself.** Its page on Hugging Face shows the README: accuracy, data, limits and licence.")
    st.code(
        f"python -m core export {folder} --out ../model\npython -m core push ../model USER/resnet-model",
        "bash",
    )
