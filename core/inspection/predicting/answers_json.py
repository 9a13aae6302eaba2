"""Answers to files as JSON, the same from the command line and from the HTTP service."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from core.inspection.predicting.predictions import FilePrediction, Prediction, doubt_as_json


def answers_as_json(answers: Iterable[FilePrediction]) -> dict[str, list[dict[str, Any]]]:
    """Return the predictions under ``answers``, and under ``refused`` the files that cannot be read, with reasons."""
    known: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for one in answers:
        if one.prediction is None:
            refused.append({"filename": one.name, "reason": one.refused})
        else:
            ranked = [{"name": name, "probability": share} for name, share in one.prediction.ranked]
            remarks = {"remarks": list(one.remarks)} if one.remarks else {}
            known.append({"filename": one.name, "predictions": ranked, **box_and_doubt(one.prediction), **remarks})
    return {"answers": known, "refused": refused}


def box_and_doubt(prediction: Prediction) -> dict[str, Any]:
    """Return the box of a localization, and what the model's decision says about the answer."""
    box = {"box": asdict(prediction.box)} if prediction.box else {}
    return {**box, **doubt_as_json(prediction)}
