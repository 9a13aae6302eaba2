"""The front matter of an exported model's README, as the Hugging Face Hub reads it."""

import re
from collections.abc import Mapping
from typing import Any

from core.inspection.measuring.report import CONFIDENCE, BoxReport, Report
from core.models.bundle import BundleInfo
from core.models.weights_table import TABLE
from core.runs.exams.looks import Looks

# The Hub's identifiers of the licences in the table of weights.
_LICENCES = {"bsd-3-clause": "bsd-3-clause", "mit": "mit", "apache-2.0": "apache-2.0"}
_HUB_ADDRESS = re.compile(r"https://huggingface\.co/([\w.-]+/[\w.-]+)/resolve/")
_DATASET = "resnet-studio-snapshot"
OTHER = "other"
"""The Hub's identifier of a licence that its list does not have, or that nobody has said."""


def front_matter(
    info: BundleInfo, title: str, reports: Mapping[str, Report], looks: Looks | None, torchvision: bool
) -> str:
    """Return the front matter with its two lines of dashes.

    ``torchvision`` says whether torchvision can load the model; else only ResNet Studio can.
    """
    from huggingface_hub import EvalResult, ModelCardData  # here, because it takes a second to import

    kind = pipeline_tag(info)
    data = ModelCardData(
        license=licence_of(info) or OTHER,
        license_name=None if licence_of(info) else "not-recorded",
        library_name="torchvision" if torchvision else "resnet-studio",
        pipeline_tag=kind,
        tags=["resnet", "transfer-learning", kind],
        # The Hub cannot run the model, and no photo is published as an example: without this, it shows an empty form.
        inference=False,
        metrics=["accuracy"] if reports else None,
        base_model=base_model(info),
        base_model_relation="finetune" if base_model(info) else None,
        model_name=title,
        eval_results=[EvalResult(**result) for result in _results(info, reports, looks)] or None,
    )
    return f"---\n{data.to_yaml()}\n---"


def pipeline_tag(info: BundleInfo) -> str:
    """Return the Hub's name of what the model does."""
    return "object-detection" if info.task == "localization" else "image-classification"


def licence_of(info: BundleInfo) -> str | None:
    """Return the Hub's identifier for the licence of the starting weights; None if there is none or it is not known."""
    text = info.weights.get("licence", "").lower()
    return next((name for word, name in _LICENCES.items() if text.startswith(word)), None)


def licence_sentence(info: BundleInfo) -> str:
    """Return what is known of the licence of a model's weights, and what to do where it is not known."""
    text = info.weights.get("licence", "")
    if licence_of(info):
        return f"Licence of the starting weights: {text}."
    fill_in = "Before you publish it, write its licence in place of `other` at the top of this file."
    if text:
        return f'The starting weights are under "{text}", which is no licence of the Hub\'s list. {fill_in}'
    return f"No licence is recorded for the starting weights, or there were none. {fill_in}"


def base_model(info: BundleInfo) -> str | None:
    """Return the Hub's model that the training started from; None if it was none of these, or nothing was trained.

    timm's copies of torchvision's IMAGENET1K_V1 stand for these weights, whatever their source.
    """
    if not info.recipe:
        return None
    weights = info.weights
    address = weights.get("address", "")
    if weights.get("source") == "torchvision" and weights.get("name") == "imagenet":
        arch = info.arch.partition("+")[0]
        same = (one.address for one in TABLE if (one.arch, one.name, one.source) == (arch, "imagenet", "huggingface"))
        address = next(same, "")
    found = _HUB_ADDRESS.match(address)
    return found[1] if found else None


def _results(info: BundleInfo, reports: Mapping[str, Report], looks: Looks | None) -> list[dict[str, Any]]:
    """Return the model-index: the accuracy on each split, with its interval."""
    found: list[dict[str, Any]] = []
    for split, report in reports.items():
        if split == "train" or report.accuracy.value is None:
            continue
        exam = f", {looks.words}" if split == "test" and looks is not None and looks.count else ""
        place = {
            "task_type": pipeline_tag(info),
            "dataset_type": _DATASET,
            "dataset_name": "Validation photos" if split == "val" else f"Test photos{exam}",
            "dataset_split": "validation" if split == "val" else split,
        }
        rate = report.accuracy
        found.append(
            {
                **place,
                "metric_type": "accuracy",
                "metric_value": round(rate.value or 0.0, 6),
                "metric_name": "accuracy",
                "metric_args": {
                    "n": rate.n,
                    "confidence": CONFIDENCE,
                    "low": _digits(rate.low),
                    "high": _digits(rate.high),
                },
            }
        )
        if isinstance(report, BoxReport) and report.mean_iou.value is not None:
            found.append(
                {
                    **place,
                    "metric_type": "mean_iou",
                    "metric_value": _digits(report.mean_iou.value),
                    "metric_name": "mean IoU",
                }
            )
    return found


def _digits(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
