"""The report page: everything that it says, nothing that it loads, no name that is more than its letters."""

import base64
import dataclasses
import hashlib
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.snapshot import GROUP, Snapshot
from core.errors import RunError
from core.export.report_page import write_report as module
from core.export.report_page.run_record import RunRecord, read_record
from core.export.report_page.write_report import report_page, write_report
from core.inspection.measuring.decision_figures import decision_figures
from core.inspection.measuring.report import count, with_boxes
from core.models.decision import Decision, FittedOn, Threshold
from core.progress import Progress
from core.runs.exams.looks import OPTIMISTIC, Look, Looks
from core.runs.exams.records import Exam, record_exam
from core.runs.folder import RunFolder
from core.runs.status import now
from core.workspace import Workspace
from tests.export.report_page.conftest import Page
from tests.pages import hostile

MOST_BYTES = 8_000_000


@pytest.fixture
def html(run: RunFolder, workspace: Workspace) -> str:
    return report_page(run, workspace, with_heatmaps=False)


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch, run: RunFolder, workspace: Workspace) -> Any:
    """``changed(field=value)``: the page of a record with these fields replaced."""

    def page_of(**fields: Any) -> str:
        record = dataclasses.replace(read_record(run, workspace), **fields)
        monkeypatch.setattr(module, "read_record", lambda run, workspace: record)
        return report_page(run, workspace, with_heatmaps=False)

    return page_of


def record_of(run: RunFolder, workspace: Workspace) -> RunRecord:
    return read_record(run, workspace)


def test_the_page_says_what_the_run_says(html: str, run: RunFolder) -> None:
    page = Page(html)
    report = run.report("val")
    assert report is not None and report.accuracy.value is not None
    assert "First colors" in page.text and "Project Colors" in page.text
    assert f"On {report.n} validation photos:" in page.text
    assert f"{report.accuracy.value:.1%}" in page.text
    assert f"{report.accuracy.correct} of {report.n}" in page.text
    assert "All its layers are trained." in page.text and "Training takes 2 epochs." in page.text
    assert "30 photos in 3 classes" in page.text
    for name in ("red", "blue", "green"):
        assert page.text.count(name) >= 3
    assert len(page.names_of("h1")) == 1
    anchors = [str(one["id"]) for one in page.names_of("section")]
    assert len(set(anchors)) == len(anchors)
    assert {"figures", "training", "data", "confusion", "classes", "mistakes", "curves", "versions"} <= set(anchors)


def test_nothing_is_loaded_from_anywhere(html: str) -> None:
    page = Page(html)
    assert page.loaded == []
    forbidden = {"link", "iframe", "object", "embed", "form", "base", "a", "video", "audio"}
    assert not forbidden & {tag for tag, _ in page.tags}
    assert not [one for one in page.names_of("meta") if one.get("http-equiv") == "refresh"]


def test_only_its_own_scripts_may_run(html: str) -> None:
    """The policy names the hashes of exactly the two scripts, so that an escaped name can never run."""
    page = Page(html)
    (policy,) = [str(one["content"]) for one in page.names_of("meta") if one.get("http-equiv")]
    assert policy.startswith("default-src 'none'; img-src data: blob:; ")
    running = [content for attributes, content in page.scripts if attributes.get("type") != "application/json"]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in running]
    assert len(running) == 2 and f"script-src {' '.join(hashes)};" in policy
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]


def figures_of(page: Page) -> dict[str, Any]:
    (content,) = [text for attributes, text in page.scripts if attributes.get("id") == "charts"]
    figures = json.loads(content)["figures"]
    found = {one["id"]: one for one in figures}
    assert len(found) == len(figures), "two charts have the same id"
    return found


def test_every_chart_has_its_place_and_its_text(html: str) -> None:
    page = Page(html)
    figures = figures_of(page)
    divs = [one for one in page.names_of("div") if one.get("class") == "chart"]
    places = {str(one["id"]): str(one["aria-label"]) for one in divs}
    assert figures.keys() == places.keys() and len(places) == len(divs)
    assert {"chart-accuracy", "chart-confusion", "chart-recall", "chart-loss-curve"} <= figures.keys()
    assert all(len(text) > 20 for text in places.values())
    loss = figures["chart-loss-curve"]
    assert [one["name"] for one in loss["data"]] == ["training", "validation"]
    assert loss["data"][1]["x"] == [1, 2]


def test_photos_are_small_copies_without_metadata(html: str, run: RunFolder) -> None:
    images = Page(html).names_of("img")
    assert images and len(images) <= 60
    for one in images:
        assert str(one["src"]).startswith("data:image/jpeg;base64,") and one["alt"]
        data = base64.b64decode(str(one["src"]).partition(",")[2])
        assert len(data) < 40_000 and b"Exif" not in data


def test_the_page_names_no_folder_of_this_machine(html: str, workspace: Workspace) -> None:
    assert str(workspace.root) not in html


def test_boxes_are_shown_worst_first(run: RunFolder, workspace: Workspace, changed: Any) -> None:
    record = record_of(run, workspace)
    n = record.report.n
    report = with_boxes(record.report, np.linspace(0.9, 0.1, n), np.full(n, 3.0))
    sides = {"x": "4", "y": "4", "width": "20", "height": "20"}
    table = record.predictions.assign(
        **sides,
        **{f"true_{side}": value for side, value in sides.items()},
        iou=[f"{value:.4f}" for value in np.linspace(0.9, 0.1, n)],
        image_width="48",
        image_height="40",
    )
    page = Page(changed(report=report, predictions=table))
    assert "Mean IoU" in page.text and "Centre distance in pixels" in page.text and "The worst boxes" in page.text
    found = [float(value) for value in re.findall(r"IoU (0\.\d\d)", page.text.partition("The worst boxes")[2])]
    assert found == sorted(found) and len(found) == n and page.loaded == []


def test_a_page_of_many_photos_and_classes_stays_small(run: RunFolder, workspace: Workspace, changed: Any) -> None:
    record = record_of(run, workspace)
    names = [f"class number {number}" for number in range(300)]
    dice = np.random.default_rng(0)
    truths = dice.integers(0, 300, 6000)
    report = count(names, truths, dice.random((6000, 300), dtype=np.float32), split="val")
    table = record.predictions.sample(6000, replace=True, random_state=0).reset_index(drop=True)
    table["label"], table["prediction"] = "red", "blue"
    html = changed(report=report, predictions=table)
    assert len(html.encode()) < MOST_BYTES
    page = Page(html)
    assert len(page.names_of("img")) <= 60
    assert "6,000 mistakes in 6,000 validation photos, the most confident first; the first 30 are shown" in page.text
    figures = figures_of(page)
    assert "chart-confusion" not in figures and len(figures["chart-recall"]["data"][0]["y"]) == 60


NAMES = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)> <!-- --> %{y} @accent',
    f"{hostile.CLASSES[1]} </style><b>x</b> </title> \u202e]]>",
)


def test_names_are_shown_letter_by_letter(run: RunFolder, workspace: Workspace, changed: Any) -> None:
    record = record_of(run, workspace)
    other = dict(zip(record.report.classes, NAMES, strict=True))
    report = record.report.model_copy(
        update={
            "classes": NAMES,
            "per_class": tuple(one.model_copy(update={"name": other[one.name]}) for one in record.report.per_class),
        }
    )
    table = record.predictions.assign(
        label=record.predictions["label"].map(other),
        prediction=list(np.roll([other[name] for name in record.predictions["label"]], 1)),
        filename=[f"{NAMES[place % 3]}.png" for place in range(len(record.predictions))],
    )
    snapshot = record.snapshot
    counts = snapshot.frame.assign(label=snapshot.frame["label"].map(other))
    status = record.status.changed(title=hostile.RUN, project=hostile.PROJECT, note=hostile.NOTE, message=NAMES[1])
    renamed = dataclasses.replace(snapshot, frame=counts, classes=NAMES)
    html = changed(report=report, predictions=table, status=status, snapshot=renamed, remarks=NAMES)
    page = Page(html)
    assert page.loaded == [] and len(page.scripts) == 3
    assert not {"b", "a"} & {tag for tag, _ in page.tags}
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    for name in (*NAMES, hostile.RUN, hostile.PROJECT, hostile.NOTE):
        assert " ".join(name.split()) in page.text
    figures = figures_of(page)
    drawn = json.dumps(figures["chart-confusion"]["data"][0]["x"])
    assert "alert(1)" in drawn and not re.search(r"[<>]", drawn) and "%{y}" not in drawn
    assert "&#64;accent" in drawn


def test_a_name_that_is_no_unicode_can_be_written(run: RunFolder, workspace: Workspace, changed: Any) -> None:
    table = record_of(run, workspace).predictions
    table["filename"] = pd.Series(["caf\udce9.png"] * len(table), dtype=object)
    assert "caf?.png" in changed(predictions=table)
    assert write_report(run, workspace, workspace.root / "page.html", with_heatmaps=False) < MOST_BYTES


def test_few_groups_are_said_below_the_figures(run: RunFolder, workspace: Workspace) -> None:
    """The intervals are over photos, which two drivers make far too narrow for a third."""
    made = run.snapshot()
    frame = made.frame.assign(**{GROUP: [f"day {place % 2}" for place in range(len(made.frame))]})
    Snapshot(frame, made.classes, made.task, made.split_seed, "user").write(run.path / "snapshot.csv")
    text = Page(report_page(run, workspace, with_heatmaps=False)).text
    said = "The validation photos are of only 2 groups: for a new group, the accuracy may be quite different."
    assert text.count(said) == 1


def test_the_exam_stands_with_its_look(run: RunFolder, workspace: Workspace) -> None:
    record = record_of(run, workspace)
    if record.test is None:
        page = Page(report_page(run, workspace, with_heatmaps=False))
        assert "this run has not taken it" in page.text and "Final exam:" not in page.text
        record.report.model_copy(update={"split": "test", "created": now().isoformat()}).write(run.report_path("test"))
    page = Page(report_page(run, workspace, with_heatmaps=False))
    assert "Final exam: look 1 at these photos" in page.text
    assert "test photos, look 1 at these photos:" in page.text
    assert "Test" in figures_of(page)["chart-accuracy"]["data"][1]["y"]


def test_looks_are_told_also_when_their_figures_are_gone(run: RunFolder, workspace: Workspace) -> None:
    """A training that went on deletes the report of the exam, not the looks."""
    run.report_path("test").unlink(missing_ok=True)
    for _ in range(2):
        record_exam(run, who="Ada", n=3)
    record_of(run, workspace).report.model_copy(update={"split": "test"}).write(run.report_path("test"))
    warned = f"These photos have been looked at 2 times. {OPTIMISTIC}"
    assert warned in Page(report_page(run, workspace, with_heatmaps=False)).text
    run.report_path("test").unlink()
    text = Page(report_page(run, workspace, with_heatmaps=False)).text
    assert "which this run has taken. Its training went on since" in text and "has not taken it" not in text
    assert warned in text


def test_what_the_model_does_with_doubt_is_said(run: RunFolder, workspace: Workspace, changed: Any) -> None:
    decision = Decision(
        temperature=1.7,
        leave_below=0.6,
        threshold=Threshold(class_name="red", at=0.2, miss_cost=10),
        conformal={90: 0.4},
        fitted_on=FittedOn(n=40, created="2026-01-01T00:00:00+00:00"),
    )
    info = record_of(run, workspace).info.model_copy(update={"decision": decision})
    text = Page(changed(info=info)).text
    assert "calibrated with a temperature of 1.7." in text
    assert "Answers with a probability below 60% are left to a person (unsure)." in text
    assert "red is chosen from a probability of 20.0%: a miss costs 10, a false alarm 1." in text
    assert "Sets of likely classes, at 90%:" in text and "Fitted on 40 validation photos." in text
    assert text.count("These figures are of the most likely class, without the threshold.") == 2
    assert "On the validation photos, with this decision: accuracy of all answers" in text
    figures = decision_figures(np.eye(2), np.arange(2), decision, ("green", "red"))
    exam = record_of(run, workspace).report.model_copy(update={"split": "test", "decision": figures})
    looks = Looks((Look(Exam(look=1), "first", own=True),))
    text = Page(changed(info=info, test=exam, looks=looks)).text
    assert f"Final exam, look 1 at these photos, with this decision: accuracy of all answers {figures.chosen};" in text
    other = info.model_copy(update={"decision": decision.model_copy(update={"leave_below": 0.7})})
    text = Page(changed(info=other, test=exam, looks=looks)).text
    assert "The final exam may have been taken with another decision" in text and str(figures.chosen) not in text


def test_with_enough_photos_the_calibration_is_drawn(run: RunFolder, workspace: Workspace, changed: Any) -> None:
    record = record_of(run, workspace)
    assert "chart-reliability" not in figures_of(Page(changed()))
    many = pd.concat([record.predictions] * 10, ignore_index=True)
    page = Page(changed(predictions=many))
    assert "expected calibration error" in page.text and "chart-reliability" in figures_of(page)


def test_heatmaps_of_a_few_mistakes_are_added(run: RunFolder, workspace: Workspace) -> None:
    steps: list[Progress] = []
    page = Page(report_page(run, workspace, progress=steps.append))
    assert "There are no heatmaps" not in page.text, page.text[-500:]
    assert "Heatmaps of" in page.text and "not why" in page.text
    heated = [one for one in page.names_of("img") if str(one["alt"]).startswith("Heatmap of")]
    assert 1 <= len(heated) <= 6 and all("Grad-CAM" in str(one["alt"]) for one in heated)
    assert steps[0].phase == "reading the run" and "drawing heatmaps" in {one.phase for one in steps}


def test_a_damaged_model_costs_the_heatmaps_alone(run: RunFolder, workspace: Workspace) -> None:
    weights = run.best / "model.safetensors"
    damaged = weights.read_bytes()[:-100]
    weights.unlink()  # a link to the weights of other tests
    weights.write_bytes(damaged)
    page = Page(report_page(run, workspace))
    assert "There are no heatmaps:" in page.text and "Heatmaps of" not in page.text


def test_lost_photos_are_named_and_the_rest_is_shown(run: RunFolder, workspace: Workspace, changed: Any) -> None:
    table = record_of(run, workspace).predictions
    wrong = table.assign(prediction="nothing", image=[f"{place:064x}" for place in range(len(table))], path="/gone.png")
    page = Page(changed(predictions=wrong))
    assert f"{len(table)} photo files could not be read." in page.text
    assert page.text.count("The file is missing.") == len(table)


def test_without_a_report_the_page_says_what_to_do(run: RunFolder, workspace: Workspace) -> None:
    run.report_path("val").unlink()
    with pytest.raises(RunError, match=f"python -m core evaluate {run.id}"):
        report_page(run, workspace)


def test_a_run_without_a_model_has_no_page(run: RunFolder, workspace: Workspace) -> None:
    run.best.rename(run.path / "moved")
    with pytest.raises(RunError, match="no model yet"):
        report_page(run, workspace)
