"""The line that says whether the pretrained network is on this computer, and fetches it."""

import streamlit as st

from core.models.weights_table import available
from pages.components.shared.wording import plain


def show_weights() -> None:
    """One sentence; and a button with progress where the weights are missing."""
    entry = available()
    if entry is not None:
        st.markdown(
            f":green[:material/check_circle:] The pretrained network is here: ResNet-50, trained on the million photos "
            f"of ImageNet (fetched from {entry.source})."
        )
        return
    with st.container(border=True):
        st.markdown(
            ":orange[:material/cloud_download:] **The pretrained network is not on this computer yet.** "
            "Fetch it once (about 100 MB); after that everything works without the internet. "
            "Until then you can label photos, and train from scratch."
        )
        if st.button("Fetch the pretrained network", icon=":material/download:"):
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
            f"The pretrained network could not be fetched: {plain(error.why)}. {plain(error.mend)} "
            "Labelling, and training from scratch, work without it.",
            icon=":material/hard_drive:" if error.of_disk else ":material/cloud_off:",
        )
        with st.expander("What was tried"):
            st.text(str(error))
    else:
        st.rerun()
