"""The line that says whether the pretrained network is on this computer, and downloads it."""

import streamlit as st

from core.models.weights_table import available
from pages.components.shared.wording import plain


def show_weights() -> None:
    """Draw one sentence, plus a download button if the weights are missing."""
    entry = available()
    if entry is not None:
        st.markdown(
            ":green[:material/check_circle:] The pretrained network is ready: ResNet-50, trained on more than a "
            f"million ImageNet photos (source: {entry.source})."
        )
        return
    with st.container(border=True):
        st.markdown(
            ":orange[:material/cloud_download:] **The pretrained network is not downloaded yet.** "
            "Download it once (about 100 MB); after that, everything works offline. "
            "Until then, you can label photos and train from scratch."
        )
        if st.button("Download the pretrained network", icon=":material/download:"):
            _fetch()


def _fetch() -> None:
    bar = st.progress(0.0, "Starting")

    def progress(what: str, done: int, total: int | None) -> None:
        if total:
            bar.progress(min(done / total, 1.0), f"{what}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
        else:
            bar.progress(0.0, f"{what}: {done / 1e6:.0f} MB")

    from core.models.weights import NotFetched, fetch

    try:
        fetch(progress=progress)
    except NotFetched as error:
        bar.empty()
        st.warning(
            f"The pretrained network could not be downloaded: {plain(error.why)}. {plain(error.advice)} "
            "Labelling and training from scratch work without it.",
            icon=":material/hard_drive:" if error.disk_failed else ":material/cloud_off:",
        )
        with st.expander("What was tried"):
            st.text(str(error))
    else:
        st.rerun()
