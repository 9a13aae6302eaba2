"""An explanation and its faithfulness as JSON, for the way between a worker process and a page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

import numpy as np
from PIL import Image

from core.data.pictures.box import Box
from core.inspection.explaining.exactness import Exactness
from core.inspection.explaining.explanation import Explanation
from core.inspection.explaining.faithfulness import Faithfulness
from core.inspection.predicting.draw_boxes import Corners
from core.inspection.predicting.predictions import Prediction, doubt_as_json, read_doubt
from core.workers.messages import pack_arrays, unpack_arrays

_PLAIN = ("target", "target_index", "probability", "method", "stage", "seconds", "iou", "averaged_views")
_TUPLES = ("too_coarse", "corners", "true_corners")


def explanation_as_json(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON can hold it."""
    box = explanation.prediction.box
    return {
        "arrays": pack_arrays(
            heatmap=explanation.heatmap, view=np.asarray(explanation.view), sharp=np.asarray(explanation.sharp)
        ),
        "ranked": explanation.prediction.ranked,
        "box": asdict(box) if box else None,
        "doubt": doubt_as_json(explanation.prediction),
        "exactness": asdict(explanation.exactness) if explanation.exactness else None,
        **{name: getattr(explanation, name) for name in (*_PLAIN, *_TUPLES)},
    }


def read_explanation(found: Mapping[str, Any]) -> Explanation:
    """Return the explanation of ``explanation_as_json``."""
    arrays = unpack_arrays(found["arrays"])
    ranked = tuple((name, share) for name, share in found["ranked"])
    return Explanation(
        heatmap=arrays["heatmap"],
        view=Image.fromarray(arrays["view"]),
        sharp=Image.fromarray(arrays["sharp"]),
        prediction=Prediction(
            ranked, Box(**found["box"]) if found["box"] else None, **read_doubt(found.get("doubt", {}))
        ),
        exactness=Exactness(**found["exactness"]) if found["exactness"] else None,
        **{name: found[name] for name in _PLAIN},
        **{name: _tuple(found[name]) for name in _TUPLES},
    )


def read_faithfulness(found: Mapping[str, Any]) -> Faithfulness:
    """Return the faithfulness whose fields these are."""
    return Faithfulness(**found)


def _tuple(values: Sequence[Any] | None) -> Any:
    return None if values is None else cast("Corners", tuple(values))
