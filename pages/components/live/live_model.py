"""The model of the Live page: loaded once for all tabs, with the engine that answers frames fastest."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.components.explain.loaded_model import predictor_for
from pages.components.shared import frame

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.live.frame_model import FrameModel


def live_model(reference: str) -> "FrameModel | None":
    """Return the model of a run, or "imagenet"; where its weights are missing, say so and return None."""
    predictor = predictor_for(reference)
    if predictor is None:
        return None
    # The predictor is another object whenever its run has a better model.
    return _prepared(str(frame.workspace().root), reference, f"{predictor.version} {id(predictor)}", predictor)


# Its layers take as much memory again as the predictor's.
@st.cache_resource(max_entries=2, show_spinner="Preparing the model…")
def _prepared(root: str, reference: str, version: str, _predictor: "Predictor") -> "FrameModel":
    from core.live.frame_model import frame_model
    from core.runs.models import bundle_folder, photos_of_bundle

    workspace = frame.workspace()
    folder = bundle_folder(reference, workspace)
    return frame_model(_predictor, workspace, folder, photos_of_bundle(folder))
