"""What the demo's page says: its sentences, and the pieces of HTML that hold names from outside."""

from collections.abc import Sequence
from html import escape

from core.inspection.predicting.doubt_sentence import doubt_sentence
from core.inspection.predicting.predictions import Prediction
from core.inspection.predicting.predictor import Predictor
from core.models.zoo import network_name
from demo_parts.files import MARK

PURPOSE = "Choose a photo: the model predicts what it shows, and a heatmap shows where it looked."
PROMPT = "Here you will see which parts of the photo are evidence for the class."
COMPUTING = "Computing the prediction and the heatmap ..."
FAILED = "There is no answer to this photo. Choose it again in a moment."
CONFIDENCE = (
    "<b>Confidence</b> is how sure the model is of a class. It can only name its own classes, whatever the photo shows."
)
METHOD_INFO = "Different ways to compute a heatmap. Grad-CAM is the usual first choice."
STAGE_INFO = "Early stages detect small patterns, late stages whole objects."
NAMED_CLASSES = 5


def counted(names: Sequence[str]) -> str:
    return f"{len(names):,} {'class' if len(names) == 1 else 'classes'}"


def head(predictor: Predictor) -> str:
    names = predictor.classes
    some = f": {', '.join(names)}" if len(names) <= NAMED_CLASSES else ""
    model = escape(f"{network_name(predictor.arch)} with {counted(names)}{some}.")
    return f'<div id="head">{MARK}<div><h1>{escape(predictor.name)}</h1><p>{model} {PURPOSE}</p></div></div>'


def names(names: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(name)}</li>" for name in sorted(names, key=str.lower))
    return f'<ul id="names" tabindex="0" aria-label="Classes">{items}</ul>'


def caption(sentence: str, of_answer: bool = False) -> str:
    return f'<p id="caption" role="status" class="{"answer" if of_answer else ""}">{escape(sentence)}</p>'


def doubt(prediction: Prediction) -> str:
    """Say what the model's decision says against the answer, if it says anything."""
    sentence = doubt_sentence(prediction)
    return f'<p class="answer" role="status">{escape(sentence)}</p>' if sentence else ""


def alert(sentence: str) -> str:
    return f'<p role="alert">{escape(sentence)}</p>'
