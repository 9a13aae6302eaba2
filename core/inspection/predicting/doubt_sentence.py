"""A sentence on how doubtful an answer is, for the demo, the pages and the command line."""

from core.inspection.predicting.predictions import Prediction

UNSURE = "Unsure: leave this photo to a person."
FOREIGN = "Unsure: this photo is unlike the training photos, so it may show none of the classes. Leave it to a person."
_SHOWN_CLASSES = 8


def doubt_sentence(prediction: Prediction) -> str:
    """Return what the model's decision says about an answer; empty if nothing speaks against it."""
    parts = [FOREIGN if prediction.is_foreign else UNSURE] if prediction.unsure else []
    if len(prediction.likely_set) > 1:
        names = ", ".join(prediction.likely_set[:_SHOWN_CLASSES])
        more = len(prediction.likely_set) - _SHOWN_CLASSES
        parts.append(f"Likely classes: {names}{f' and {more} more' if more > 0 else ''}.")
    return " ".join(parts)
