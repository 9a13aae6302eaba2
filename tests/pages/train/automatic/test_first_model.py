"""An early model on the pages: what it has seen and how good it is, while its run trains and after a stop."""

import os
import shutil
from pathlib import Path

import pytest

from core.data.snapshot import Snapshot
from core.models.bundle import INFO_FILE, read_info
from core.runs.automatic.phases import Phases, write_phases
from core.runs.estimates.speed import Speed
from core.runs.estimates.waiting import ExpectedTime
from core.runs.folder import RunFolder
from core.runs.process import process_fields
from core.runs.status import now
from core.training.early.seen_photos import OF, SEEN, VALIDATION_OF, seen_photos
from core.training.recipe import Recipe
from core.workspace import open_workspace
from pages.components.train import time_estimate
from pages.components.train.automatic import first_model
from tests.pages.conftest import OpenPage, messages
from tests.pages.train.automatic.some_phases import EARLY, HEAD
from tests.pages.train.automatic.test_phases_view import texts
from tests.pages.trained import finished_run


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run stands for one with an early model; it is live because this process is said to train it."""
    run = finished_run(tmp_path_factory)
    info = read_info(run.best)
    early = info.model_copy(update={"metrics": {**info.metrics, SEEN: 12, OF: 24, VALIDATION_OF: 9}})
    (run.best / INFO_FILE).write_text(early.model_dump_json(), encoding="utf-8")
    shutil.rmtree(run.last)
    run.metrics_path.unlink()
    run.write_status(**process_fields(os.getpid()), state="running", epoch=0, epochs=0, started=now(), solved=True)
    run.write_status(phase="computing features: 3 of 30")
    return run


def links(app: object) -> set[str]:
    return {link.proto.label for link in app.get("page_link")}  # type: ignore[attr-defined]


def test_the_train_page_offers_it_while_the_features_are_computed(open_page: OpenPage, run: RunFolder) -> None:
    report = run.report("val")
    assert report is not None
    app = open_page("Train", run=run.id)
    assert not messages(app)
    said = texts(app).replace("**", "")
    assert "A first model, from 12 of 24 photos, is ready to try: " in said
    assert f" on {report.n} validation photos. The final model learns from all training photos and replaces it." in said
    assert {"Evaluate the model", "Explain predictions", "Export the model"} <= links(app)
    assert not app.get("plotly_chart"), "there are no phases and no epochs yet"


def test_an_automatic_run_shows_it_on_its_time_axis(open_page: OpenPage, run: RunFolder) -> None:
    begun = HEAD.model_copy(update={"points": (), "ended": None, "value": None, "kept": False, "verdict": ""})
    write_phases(run.path, Phases(phases=(begun,), early=EARLY))
    app = open_page("Train", run=run.id)
    assert not messages(app)
    said = texts(app).replace("**", "")
    assert said.count("A first model") == 1 and "from 12 of 24 photos, is ready to try" in said
    assert len(app.get("plotly_chart")) == 1 and "The head is being trained." in said


def test_evaluate_says_which_photos_it_was_trained_and_evaluated_on(open_page: OpenPage, run: RunFolder) -> None:
    """Its figure is of a part of the validation photos, and advice on them is for a model from all photos."""
    report = run.report("val")
    assert report is not None
    app = open_page("Evaluate", run=run.id)
    assert not messages(app)
    said = texts(app)
    assert "This run is still training. You see its first model, from 12 of 24 training photos." in said
    assert f"trained on 12 of 24 training photos and evaluated on {report.n} of 9 validation photos." in said
    assert "Next:" not in said


def test_a_stopped_run_keeps_it_and_says_so(open_page: OpenPage, run: RunFolder) -> None:
    run.write_status(state="stopped", message="Kept: the first model, from 12 of 24 training photos.", phase="")
    app = open_page("Train", run=run.id)
    assert not messages(app)
    said = texts(app)
    assert "Kept: the first model, from 12 of 24 training photos." in said and "is ready to try" not in said
    assert "This is a first model, trained on 12 of 24 training photos" in said
    assert {"Resume", "Evaluate the model"} <= {button.label for button in app.button}


def test_without_a_readable_report_the_sentence_has_no_figure(run: RunFolder) -> None:
    run.report_path("val").write_text("{", encoding="utf-8")
    said = first_model.early_sentence(run, live=True)
    assert said.startswith("**A first model, from 12 of 24 photos, is ready to try**. The final model")
    assert first_model.early_sentence(run, live=False) == ""
    (run.best / INFO_FILE).write_text("{", encoding="utf-8")
    assert seen_photos(run.best) is None and first_model.early_sentence(run, live=True) == ""


def test_the_expected_time_of_a_head_names_its_first_model(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    snapshot: Snapshot = run.snapshot()
    found = ExpectedTime(35.0, Speed(100.0, 100.0, 1.3, "measured"), 0, 0.0, 13.0)
    monkeypatch.setattr(time_estimate, "expected_time", lambda *_, **__: found)
    monkeypatch.setattr(time_estimate, "vectors_readiness", lambda *_: None)
    said = time_estimate.time_sentence(open_workspace(), Recipe(train="head"), snapshot, [])
    assert said == "Expected time: less than a minute (measured), with a first model in 10 to 17 seconds."
