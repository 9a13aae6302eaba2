"""The sections on how good the model is: verdict, figures with intervals, confusions, classes, curves."""

from core.export.report_page.charts import accuracy_chart, confusion_chart, curve_charts, recall_chart
from core.export.report_page.doubt_section import likeliest_note
from core.export.report_page.html_parts import (
    Chart,
    chart,
    counted,
    esc,
    fold,
    mean,
    name,
    paragraph,
    rate,
    section,
    table,
)
from core.export.report_page.run_record import RunRecord
from core.inspection.measuring.group_interval import groups_sentence, with_groups
from core.inspection.measuring.report import BoxReport, Rate, Report
from core.runs.exams.locked import SENTENCE, locked_for

_CONFUSIONS = 15
_OPEN = 30
WHAT_IS_AN_INTERVAL = (
    "Intervals are 95% confidence intervals: with as many other photos of the same kind, the figure would usually lie "
    "in such a range."
)


def verdict_part(record: RunRecord) -> str:
    """Return the verdict in a box; nothing if there is none."""
    if record.verdict is None:
        return ""
    kind = "verdict" if record.verdict.level == "better" else "verdict unsure"
    return paragraph(esc(record.verdict.sentence), kind)


def result_section(record: RunRecord) -> tuple[str, list[Chart]]:
    """Return the section on the figures, and its charts."""
    rates = [("Validation", record.report.accuracy)]
    if record.test is not None:
        rates.append(("Test", record.test.accuracy))
    one_class = len(record.report.classes) == 1
    baseline = record.verdict.baseline if record.verdict and not isinstance(record.report, BoxReport) else None
    plot = None if one_class else accuracy_chart(rates, baseline)
    html = section(
        "figures",
        "How good it is",
        verdict_part(record),
        _figures(record.report, "validation photo", "", _groups(record, record.report)),
        _test_part(record),
        likeliest_note(record),
        chart(plot),
        paragraph(esc(WHAT_IS_AN_INTERVAL), "small"),
    )
    return html, [plot] if plot else []


def confusion_section(record: RunRecord) -> tuple[str, list[Chart]]:
    """Return the section on what is confused with what, and its chart; nothing for a single class."""
    report = record.report
    if len(report.classes) < 2:
        return "", []
    plot = confusion_chart(report)
    rows = [[name(label), name(predicted), f"{count:,}"] for count, label, predicted in _confusions(report)]
    listed = table(["Label", "Predicted", "Photos"], rows, "The most frequent confusions", texts=2)
    html = section(
        "confusion",
        "What is confused",
        paragraph("Validation photos. Rows are the labels, columns the predicted classes."),
        chart(plot),
        paragraph("<strong>The most frequent confusions</strong>") + listed
        if rows
        else paragraph("There are no mistakes."),
    )
    return html, [plot] if plot else []


def classes_section(record: RunRecord) -> tuple[str, list[Chart]]:
    """Return the section on each class, and its chart; nothing for a single class."""
    report = record.report
    if len(report.classes) < 2:
        return "", []
    plot = recall_chart(report)
    rows = [
        [name(one.name), f"{one.n:,}", rate(one.recall, 0), rate(one.precision, 0), _f1(one.f1)]
        for one in report.per_class
    ]
    counted_table = table(["Class", "Photos", "Recall", "Precision", "F1"], rows, "Figures of each class")
    html = section(
        "classes",
        "Each class",
        paragraph(
            "Recall: of the photos labelled as the class, how many did the model find? Precision: of those predicted "
            "as the class, how many are correct? F1 is their harmonic mean."
        ),
        likeliest_note(record),
        chart(plot),
        counted_table if len(rows) <= _OPEN else fold(f"Figures of all {len(rows)} classes", counted_table),
    )
    return html, [plot] if plot else []


def curves_section(record: RunRecord) -> tuple[str, list[Chart]]:
    """Return the section with the curves of the training, and its charts; nothing for a single epoch."""
    plots = curve_charts(record.run.epochs(), iterations=record.status.solved)
    html = section("curves", "The training", *(chart(one) for one in plots))
    return html, plots


def _groups(record: RunRecord, report: Report) -> str:
    """Return what the groups of the evaluated photos mean for new ones; nothing if the verdict says it already."""
    said = groups_sentence(with_groups(report, record.snapshot))
    return "" if record.verdict is not None and said in record.verdict.sentence else said


def _figures(report: Report, photo: str, which: str, groups: str) -> str:
    """Return the main figures in large type, each with its interval, and the sentence on groups below."""
    entries: list[tuple[str, str, str]] = []
    if isinstance(report, BoxReport):
        entries.append(_entry("Mean IoU", mean(report.mean_iou)))
        entries.append(_entry("IoU at least 0.5", rate(report.iou_50)))
        entries.append(_entry("IoU at least 0.75", rate(report.iou_75)))
        entries.append(_entry("Centre distance in pixels", mean(report.center_error, 0)))
    if len(report.classes) > 1:
        entries.append(_entry("Accuracy", rate(report.accuracy)))
        if report.top5 is not None:
            entries.append(_entry("Top-5 accuracy", rate(report.top5)))
        if report.macro_f1 is not None:
            entries.append(("Macro F1", f"{report.macro_f1:.1%}", "mean over the classes"))
        if report.loss is not None:
            entries.append(("Loss", f"{report.loss:.3f}", "cross-entropy"))
    items = "".join(
        f'<div><dt>{esc(title)}</dt><dd><span class="value">{esc(value)}</span>'
        f'<span class="small">{esc(note)}</span></dd></div>'
        for title, value, note in entries
    )
    on = f"On {counted(report.n, photo)}{which}:"
    return f'{paragraph(esc(on))}<dl class="figures">{items}</dl>{paragraph(esc(groups)) if groups else ""}'


def _entry(title: str, figure: str) -> tuple[str, str, str]:
    """Divide ``92.0% (23 of 25; 75.0% to 97.8%)`` into the figure and its small print."""
    value, _, note = figure.partition(" (")
    return title, value, note.removesuffix(")")


def _test_part(record: RunRecord) -> str:
    """Return the figures of the final exam with the number of looks; without figures, why there are none."""
    looks = record.looks
    if locked_for(record.run.path):
        return paragraph(esc(f"The test photos are kept back for the final exam. {SENTENCE}"), "small")
    seen = f"{looks.sentence} {looks.warning}".rstrip()
    if record.test is None:
        taken = "and this run has not taken it."
        if looks.own:
            taken = "which this run has taken. Its training went on since, so the figures of that exam are gone."
        said = ["The test photos are kept back for the final exam,", taken, seen if looks.count else ""]
        said.append("Only photos that nobody has looked at say how good a model is on new ones.")
        return paragraph(esc(" ".join(filter(None, said))), "small")
    return (
        f"<h3>Final exam: {esc(looks.words)}</h3>"
        + _figures(record.test, "test photo", f", {looks.words}", _groups(record, record.test))
        + paragraph(esc(seen), "small")
    )


def _confusions(report: Report) -> list[tuple[int, str, str]]:
    found = [
        (count, report.classes[row], report.classes[column])
        for row, counts in enumerate(report.confusion)
        for column, count in enumerate(counts)
        if count and row != column
    ]
    return sorted(found, key=lambda one: -one[0])[:_CONFUSIONS]


def _f1(found: Rate) -> str:
    if found.value is None or found.low is None or found.high is None:
        return "–"
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})"
