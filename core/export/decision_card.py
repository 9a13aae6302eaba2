"""The part of an exported model's README about its decision: calibration, what is unsure, thresholds, sets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import LogitsMissing
from core.inspection.deciding.decide import softmax
from core.inspection.doubt.foreign_photos import read_scores
from core.inspection.doubt.reliability import Reliability, reliability
from core.inspection.doubt.run_logits import logits_of
from core.inspection.doubt.temperature import cross_fitted
from core.inspection.measuring.decision_figures import are_of, decision_figures
from core.inspection.measuring.report import DecisionFigures, Report
from core.models.bundle import BundleInfo
from core.models.decision import FOREIGN_FILE, Decision


@dataclass(frozen=True)
class DoubtFigures:
    """What a run's validation photos say about its decision."""

    n: int
    before: Reliability
    """With the network's own probabilities."""
    after: Reliability | None
    """Calibrated, each photo by a temperature that it took no part in; None if there is none."""
    decision: DecisionFigures


def doubt_figures(run: Path, info: BundleInfo) -> DoubtFigures | None:
    """Return the figures of a run's decision; None without a decision, or if the run has no logits of this model."""
    if info.decision is None:
        return None
    try:
        logits, labels, _ = logits_of(run, "val")
    except LogitsMissing:
        return None
    if not len(labels):
        return None
    scaled = None if info.decision.temperature is None else cross_fitted(logits, labels)
    scores = None if info.decision.foreign is None else read_scores(run)
    scores = scores if scores is not None and len(scores) == len(labels) else None
    return DoubtFigures(
        len(labels),
        _reliability(logits, labels),
        None if scaled is None else _reliability(scaled, labels),
        decision_figures(logits, labels, info.decision, info.classes, scores),
    )


def _reliability(logits: np.ndarray, labels: np.ndarray) -> Reliability:
    probabilities = softmax(logits)
    return reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)


LIKELIEST = "most likely class, without the threshold"
"""What figures are of that no threshold was applied to."""


def present_figures(report: Report, decision: Decision | None) -> DecisionFigures | None:
    """Return a report's figures of the decision; None if it has none, or if they may be of another decision."""
    figures = report.decision
    return figures if figures is not None and are_of(figures, decision) else None


def with_present_decision(
    reports: Mapping[str, Report], decision: Decision | None, figures: DoubtFigures | None
) -> dict[str, Report]:
    """Return the reports with the figures of this decision alone; those of the validation photos are computed."""
    found = {split: present_figures(report, decision) for split, report in reports.items()}
    if figures is not None and "val" in found:
        found["val"] = figures.decision
    return {split: report.model_copy(update={"decision": found[split]}) for split, report in reports.items()}


def threshold_note(info: BundleInfo, reports: Mapping[str, Report], beside: Mapping[str, str]) -> str:
    """Say that a table is of the likeliest classes, and give the accuracies with the threshold; empty without one.

    ``beside`` are the names of the splits. It is a paragraph to append.
    """
    if not reports or info.decision is None or info.decision.threshold is None:
        return ""
    rates = [
        f"{beside.get(split, split)}: {report.decision.chosen}"
        for split, report in reports.items()
        if report.decision is not None
    ]
    known = "; ".join(rates) or "not known"
    return f"\n\nThese figures are of the {LIKELIEST}. Accuracy of the answers with the threshold: {known}."


def decision_text(info: BundleInfo, figures: DoubtFigures | None, shown: str = "") -> str:
    """Return the section's text; ``shown`` is the name of the threshold's class, escaped for Markdown."""
    decision = info.decision
    if decision is None:
        return (
            "The answer is the class with the largest probability, the softmax of the logits. These probabilities were "
            "not calibrated, so take them as a ranking."
        )
    parts = [_calibration(decision, figures), *_rules(decision, figures, shown), *_sets(decision, figures)]
    return "\n\n".join(part for part in parts if part)


def _calibration(decision: Decision, figures: DoubtFigures | None) -> str:
    if decision.temperature is None:
        return " ".join(["The probabilities are not calibrated.", *decision.remarks])
    number = decision.fitted_on.n if decision.fitted_on else 0
    used = "" if decision.use_temperature else " It is switched off, so the probabilities are the network's own."
    text = (
        f"Temperature: {decision.temperature:.4g}, fitted on {number} validation photos (Guo et al. 2017). The logits "
        f"are divided by it, which changes no ranking and makes the probabilities agree with the accuracy.{used}"
    )
    if figures is not None and figures.after is not None:
        before, after = figures.before, figures.after
        text += (
            f" Expected calibration error on the validation photos: {_percent(before.error)} "
            f"({_percent(before.low)} to {_percent(before.high)}) without it, {_percent(after.error)} "
            f"({_percent(after.low)} to {_percent(after.high)}) with it, each photo judged by a temperature that it "
            "took no part in. The ranges are 95% bootstrap intervals."
        )
    return text


def _rules(decision: Decision, figures: DoubtFigures | None, shown: str) -> list[str]:
    found = []
    if decision.threshold is not None:
        rule = decision.threshold
        found.append(
            f"Threshold: the answer is {shown} whenever its probability is at least {_percent(rule.at)}; otherwise it "
            f"is the likeliest other class. A missed photo of this class was said to cost {rule.miss_cost:g}, a false "
            f"alarm {rule.false_alarm_cost:g}."
        )
        if figures is not None:
            found[0] += f" Accuracy of the answers on the validation photos: {figures.decision.chosen}."
    reasons = []
    if decision.leave_below is not None:
        reasons.append(f"with a probability below {_percent(decision.leave_below)}")
    if decision.foreign is not None:
        reasons.append(
            f"to photos farther than {decision.foreign.limit:.4g} from the training photos (`{FOREIGN_FILE}`)"
        )
    if reasons:
        text = f"Answers {' and '.join(reasons)} are `unsure`: leave these photos to a person."
        if figures is not None:
            rates = figures.decision
            text += f" On the validation photos, {rates.answered} are answered. Accuracy on them: {rates.accuracy}."
        found.append(text)
    return found


def _sets(decision: Decision, figures: DoubtFigures | None) -> list[str]:
    if not decision.conformal:
        return []
    limits = ", ".join(
        f"at {level}%, all classes with a calibrated probability of at least {_percent(1 - limit)}"
        for level, limit in sorted(decision.conformal.items())
    )
    text = f"Sets of likely classes (LAC, Sadinle et al. 2019), which hold the true class that often: {limits}."
    if figures is not None and figures.decision.covered is not None and figures.decision.mean_set is not None:
        rates = figures.decision
        text += (
            f" On the validation photos, which the limits were fitted on, the {rates.set_level}% sets hold it in "
            f"{rates.covered}, with {rates.mean_set:.2f} classes on average."
        )
    return [text]


def _percent(value: float) -> str:
    return f"{value:.1%}"
