"""What the service says about its model: classes, preprocessing, how it decides, and its figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.inspection.measuring.report import Report
from core.inspection.predicting.predictor import Predictor
from core.models.untrusted.bundle_info import without_names
from core.serving.limits import Limits

_OF_A_REPORT = ("n", "accuracy", "top5", "macro_f1", "mean_iou", "iou_50", "iou_75", "created")


def model_facts(predictor: Predictor, limits: Limits, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts as JSON; ``figures`` are those of ``figures_of`` or ``figures_beside``."""
    info, decision = predictor.info, predictor.decision
    facts: dict[str, Any] = {
        "name": predictor.name,
        "task": predictor.task,
        "arch": predictor.arch,
        "classes": list(predictor.classes),
        "preprocessing": predictor.preprocessing.as_dict(),
        "test_time_views": predictor.test_time_views,
        "decides": {
            "temperature": None if decision is None or decision.scale == 1 else decision.scale,
            "leave_below": None if decision is None else decision.leave_below,
            "threshold": None
            if decision is None or decision.threshold is None
            else {"class": decision.threshold.class_name, "at": decision.threshold.at},
            "set_level": decision.set_level if decision is not None and decision.conformal else None,
            "foreign_limit": None if decision is None or decision.foreign is None else decision.foreign.limit,
        },
        "figures": without_names(figures),
        "limits": {"photos": limits.photos, "megabytes": limits.megabytes, "requests": limits.requests},
    }
    if info is not None:
        facts |= {"created": info.created, "weights": info.public().weights, "sha256": info.model_sha256}
    return facts


def figures_of(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures by split that an export wrote into its bundle, and how often the test photos were seen."""
    reports = {name.removeprefix("report_"): one for name, one in metrics.items() if name.startswith("report_")}
    found: dict[str, Any] = {split: _figures(one) for split, one in reports.items() if isinstance(one, dict)}
    return found | ({"exam": metrics["exam"]} if "exam" in metrics else {})


def figures_beside(run: Path) -> dict[str, Any]:
    """Return the figures by split of a run folder's reports; raises RunError for a damaged report."""
    paths = {split: run / f"report-{split}.json" for split in ("val", "test")}
    return {
        split: _figures(Report.read(path).model_dump(mode="json")) for split, path in paths.items() if path.is_file()
    }


def _figures(report: Mapping[str, Any]) -> dict[str, Any]:
    return {key: report[key] for key in _OF_A_REPORT if report.get(key) is not None}
