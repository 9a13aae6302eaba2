"""Make the occlusion map of a photo in a worker process."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.progress import Progress
from core.workspace import Workspace


def occlude(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Return an occlusion map for ``read_occlusion``.

    ``workspace`` and ``model`` name the model. ``folder`` holds the photo as photo.npy, uint8 [H, W, 3]. ``target`` is
    the index of a class or None for the predicted class; ``fill``, ``side`` and ``steps`` describe the patch.
    """
    report(Progress("loading the model", 0, None))
    import numpy as np
    from PIL import Image

    from core.inspection.covering.occlusion import occlusion, occlusion_as_json
    from core.runs.computations.loaded_model import loaded_model

    predictor = loaded_model(arguments["model"], Workspace(Path(arguments["workspace"])))
    photo = Image.fromarray(np.load(Path(arguments["folder"]) / "photo.npy", allow_pickle=False))
    found = occlusion(
        predictor,
        photo,
        target=arguments["target"],
        fill=arguments["fill"],
        side=arguments["side"],
        steps=arguments["steps"],
        progress=lambda done, total: report(Progress("covering place after place", done, total)),
    )
    return occlusion_as_json(found)
