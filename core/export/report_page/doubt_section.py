"""The section on doubt: calibration, and what the bundle's decision does with the probabilities."""

import numpy as np

from core.errors import StudioError
from core.export.decision_card import LIKELIEST, doubt_figures, present_figures
from core.export.report_page.charts import reliability_chart
from core.export.report_page.html_parts import Chart, bullets, chart, counted, esc, name, paragraph, section
from core.export.report_page.run_record import RunRecord
from core.inspection.deciding.decide import softmax
from core.inspection.doubt.reliability import Reliability, reliability
from core.inspection.doubt.run_logits import logits_of
from core.inspection.doubt.temperature import cross_fitted
from core.inspection.measuring.report import DecisionFigures
from core.models.decision import Decision

FEWEST = 20
"""With fewer photos, a reliability diagram is chance alone."""

_VERDICTS = {
    "no sign": "The photos give no sign that the probabilities are too high or too low.",
    "too sure": "The model is too sure: its probabilities are higher than its accuracy.",
    "not sure enough": "The model is not sure enough: its accuracy is higher than its probabilities.",
    "mixed": "Some probabilities are too high and others too low.",
}


def doubt_section(record: RunRecord) -> tuple[str, list[Chart]]:
    """Return the section and its chart; nothing with too few photos and without a decision."""
    found = _reliabilities(record)
    plot = reliability_chart(found) if found else None
    decision = record.info.decision
    html = section(
        "doubt",
        "How far to trust its probabilities",
        *(paragraph(esc(_calibration(label, one))) for label, one in found),
        chart(plot),
        paragraph("<strong>What the model does with doubt</strong>") if decision and _rules(decision) else "",
        bullets(_rules(decision) if decision else []),
        *(paragraph(esc(said)) for said in _effects(record)),
    )
    return html, [plot] if plot else []


def likeliest_note(record: RunRecord) -> str:
    """Return a paragraph that says what figures are of, where the model answers by a threshold; else nothing."""
    if record.info.decision is None or record.info.decision.threshold is None:
        return ""
    return paragraph(f"These figures are of the {LIKELIEST}.", "small")


def _effects(record: RunRecord) -> list[str]:
    """Return what the decision does on the validation photos, and on the test photos where an exam was of it."""
    decision = record.info.decision
    if decision is None or not decision.changes_answers:
        return []
    known = doubt_figures(record.run.path, record.info)
    said = [] if known is None else [_effect("On the validation photos", known.decision, decision)]
    if record.test is not None and record.test.decision is not None and record.looks is not None:
        exam = present_figures(record.test, decision)
        other = "The final exam may have been taken with another decision, so what that did is left out."
        said.append(other if exam is None else _effect(f"Final exam, {record.looks.words}", exam, decision))
    return said


def _effect(where: str, figures: DecisionFigures, decision: Decision) -> str:
    """Return the figures that the decision changes."""
    parts = [f"accuracy of all answers {figures.chosen}"] if decision.threshold is not None else []
    if decision.leave_below is not None or decision.foreign is not None:
        parts += [f"photos answered {figures.answered}", f"accuracy on them {figures.accuracy}"]
    return f"{where}, with this decision: {'; '.join(parts)}."


def _reliabilities(record: RunRecord) -> list[tuple[str, Reliability]]:
    """Return the calibration of the raw probabilities, and of the calibrated ones where they can be measured."""
    table = record.predictions
    if len(table) < FEWEST or len(record.report.classes) < 2:
        return []
    confidence = table["probability"].to_numpy(dtype=np.float64)
    found = [("as trained", reliability(confidence, (table["prediction"] == table["label"]).to_numpy()))]
    calibrated = _calibrated(record)
    return [*found, ("calibrated", calibrated)] if calibrated is not None else found


def _calibrated(record: RunRecord) -> Reliability | None:
    """Return the calibration with a temperature that each photo took no part in; None where it was not fitted."""
    if record.info.decision is None or record.info.decision.temperature is None:
        return None
    try:
        logits, labels, _ = logits_of(record.run.path)
    except StudioError:  # of an earlier version, without logits; the section does without
        return None
    scaled = cross_fitted(logits, labels)
    if scaled is None:
        return None
    chosen = softmax(scaled)
    return reliability(chosen.max(axis=1), chosen.argmax(axis=1) == labels)


def _calibration(label: str, found: Reliability) -> str:
    return (
        f"Probabilities {label}: expected calibration error {found.error:.3f} ({found.low:.3f} to {found.high:.3f}); "
        f"about {found.by_chance:.3f} would be chance with {counted(found.n, 'photo')}. {_VERDICTS[found.verdict]}"
    )


def _rules(decision: Decision) -> list[str]:
    """Return what the decision does, one rule an item."""
    rules = []
    if decision.temperature is not None:
        state = "" if decision.use_temperature else " It is switched off."
        rules.append(f"Probabilities are calibrated with a temperature of {decision.temperature:.3g}.{state}")
    if decision.leave_below is not None:
        rules.append(f"Answers with a probability below {decision.leave_below:.0%} are left to a person (unsure).")
    if (threshold := decision.threshold) is not None:
        rules.append(
            f"{name(threshold.class_name)} is chosen from a probability of {threshold.at:.1%}: a miss costs "
            f"{threshold.miss_cost:g}, a false alarm {threshold.false_alarm_cost:g}."
        )
    if decision.conformal:
        levels = ", ".join(f"{level}%" for level in sorted(decision.conformal))
        rules.append(f"Sets of likely classes, at {levels}: so often the true class is in its set.")
    if (foreign := decision.foreign) is not None:
        rules.append(
            f"Photos unlike the training photos are unsure; {foreign.accepted:.0%} of the validation photos are not."
        )
    if decision.fitted_on is not None:
        rules.append(f"Fitted on {counted(decision.fitted_on.n, 'validation photo')}.")
    return [*rules, *(esc(remark) for remark in decision.remarks)] if rules else []
