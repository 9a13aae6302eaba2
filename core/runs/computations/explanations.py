"""Explain photos in a worker process, where that takes more than one forward pass."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.progress import Progress
from core.workspace import Workspace

BOX_TARGET = "the box"
"""As a target in the arguments: the box of a localization model, not a class."""


def explain(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Explain a photo and check the faithfulness of the heatmap: ``explanation`` and ``faithfulness``.

    ``workspace`` and ``model`` name the model. ``folder`` holds the photo as photo.npy, uint8 [H, W, 3]. ``target`` is
    the index of a class, BOX_TARGET, or None for the predicted class; ``box`` the true box or None.
    """
    report(Progress("loading the model", 0, None))
    import numpy as np
    from PIL import Image

    from core.data.pictures.box import Box
    from core.inspection.explaining.cam import explain as explained
    from core.inspection.explaining.explanation_json import explanation_as_json
    from core.inspection.explaining.faithfulness import faithfulness
    from core.inspection.explaining.methods import BOX
    from core.runs.computations.loaded_model import loaded_model

    predictor = loaded_model(arguments["model"], Workspace(Path(arguments["workspace"])))
    photo = Image.fromarray(np.load(Path(arguments["folder"]) / "photo.npy", allow_pickle=False))
    found = explained(
        predictor,
        photo,
        method=arguments["method"],
        stage=arguments["stage"],
        target=BOX if arguments["target"] == BOX_TARGET else arguments["target"],
        true_box=Box(**arguments["box"]) if arguments["box"] else None,
        progress=lambda done, total: report(Progress("computing the heatmap", done, total)),
    )
    report(Progress("checking whether it is faithful", 0, None))
    return {"explanation": explanation_as_json(found), "faithfulness": asdict(faithfulness(predictor, found))}


def check_faithfulness(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Check the faithfulness of a heatmap that the page has computed: ``explanation`` as JSON, and its model."""
    report(Progress("loading the model", 0, None))
    from core.inspection.explaining.explanation_json import read_explanation
    from core.inspection.explaining.faithfulness import faithfulness
    from core.runs.computations.loaded_model import loaded_model

    predictor = loaded_model(arguments["model"], Workspace(Path(arguments["workspace"])))
    report(Progress("checking whether the heatmap is faithful", 0, None))
    return asdict(faithfulness(predictor, read_explanation(arguments["explanation"])))
