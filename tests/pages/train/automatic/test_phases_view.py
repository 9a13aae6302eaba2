"""An automatic run on its pages: usable while it trains, its phases afterwards, and a better model when it comes."""

import os
from pathlib import Path

import pytest

from core.data.store.store import Project, Store
from core.runs.automatic.phases import FILE, Phases, write_phases
from core.runs.folder import RunFolder
from core.runs.status import now
from core.runs.table import run_rows
from core.workspace import open_workspace
from pages.components.evaluate import compare_runs
from pages.components.train import live_run, run_list, runs_table
from pages.components.train.automatic import newer_model
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.train.automatic.some_phases import ONE, THREE, TWO
from tests.pages.trained import color_project, finished_run, queued_run

EPOCH = {"train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 0.9, "val_accuracy": 0.6, "val_n": 6}


@pytest.fixture
def colors(store: Store) -> Project:
    return color_project(store)


def automatic_run(store: Store, project: Project, found: Phases, epochs: int) -> RunFolder:
    """A run of this process with these phases, so that it counts as live."""
    run = queued_run(open_workspace(), store, project, weights="imagenet", train="automatic")
    for number in range(1, epochs + 1):
        run.append_metrics("epoch", {**EPOCH, "epoch": number, "epochs": epochs, "best": number == 1})
    write_phases(run.path, found)
    return run


def texts(run_page: object) -> str:
    groups = ("markdown", "caption", "success", "info", "warning")
    return read("\n".join(one.value for group in groups for one in getattr(run_page, group)))


def test_while_it_trains_the_first_model_is_offered_and_the_phases_are_drawn(
    open_page: OpenPage, store: Store, colors: Project
) -> None:
    run = automatic_run(store, colors, TWO, 3)
    run.write_status(
        state="running", started=now(), epoch=3, epochs=9, batch=1, batches=2, phase="epoch 3 of 9", seconds_left=14.0
    )
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert not messages(app)
    said = texts(app)
    assert "A first model is ready: 75.0% (60% to 86%) on 40 validation photos" in said.replace("**", "")
    links = {link.proto.label for link in app.get("page_link")}
    assert {"Evaluate this model", "Explain predictions", "Export this model"} <= links
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars[0] == "phase 2: the last stage · epoch 2 of 8 · 14 s left"
    assert "phase 2, head kept so far" in said and "The last stage: in training." in said.replace("**", "")
    assert app.button(key=f"stop-{run.id}").help == live_run.STOP_PHASE
    assert len(app.get("plotly_chart")) == 3, "the phases, the loss and the accuracy"
    assert "epochs" not in run_list.run_line(run)


def test_a_head_alone_has_no_curves_and_the_page_says_so(open_page: OpenPage, store: Store, colors: Project) -> None:
    run = automatic_run(store, colors, ONE.model_copy(update={"end": "All validation photos are correct."}), 1)
    run.write_status(state="finished", epoch=1, epochs=1, message="The head was kept.")
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert not messages(app)
    assert live_run.HEAD_WITHOUT_CURVES in texts(app) and "All validation photos are correct." in texts(app)
    assert len(app.get("plotly_chart")) == 1
    assert "ready" not in texts(app)


def test_a_damaged_phases_file_is_one_sentence(open_page: OpenPage, store: Store, colors: Project) -> None:
    run = automatic_run(store, colors, ONE, 1)
    run.write_status(state="finished", message="The head was kept.")
    (run.path / FILE).write_text("{}}")
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert not messages(app)
    assert [one for one in app.warning if "cannot be read" in one.value]
    assert run_list.run_line(run)


def test_lists_and_comparisons_name_the_kept_phase(store: Store, colors: Project, home: Path) -> None:
    run = automatic_run(store, colors, THREE, 12)
    run.write_status(state="finished", epoch=12, epochs=12, message="The last stage was kept.")
    assert "3 phases, last stage kept · validation accuracy 60%" in run_list.run_line(run)
    assert compare_runs._length(run, run.recipe()) == "12 in 3 phases"
    table = runs_table.table_of(run_rows(open_workspace()), open_workspace())
    assert table.loc[0, "Trained layers"] == "Automatic (last stage)"
    assert table.loc[0, "Epochs"] == "12 epochs"


class TestAModelInUse:
    """A finished run stands for the first phase's model; it is live because this process is said to train it."""

    @pytest.fixture
    def run(self, home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
        run = finished_run(tmp_path_factory)
        write_phases(run.path, TWO)
        (run.path / "report-test.json").unlink()
        from core.runs.process import process_fields

        run.write_status(**process_fields(os.getpid()), state="running", epoch=1, epochs=9, started=now())
        return run

    def test_evaluate_shows_the_validation_photos_and_the_phases(self, open_page: OpenPage, run: RunFolder) -> None:
        """The test photos were chosen, and the page only said that the run is still training."""
        app = open_page("Evaluate", run=run.id)
        assert not messages(app)
        assert app.segmented_control(key=f"split-{run.id}").value == "val"
        assert "This run is still training. You see its best model so far." in texts(app)
        assert app.metric[0].label == "Accuracy"
        app.segmented_control(key="evaluate-view").set_value("Training phases").run()
        assert not messages(app)
        assert "The head" in texts(app) and "A first model is ready" not in texts(app)

    def test_every_page_offers_the_model_while_it_trains(self, open_page: OpenPage, run: RunFolder) -> None:
        for page in ("Export", "Explain"):
            app = open_page(page, **({"model": run.id} if page == "Explain" else {"run": run.id}))
            assert not messages(app)
            assert run.id in (app.selectbox(key="model" if page == "Explain" else "run").value,)
            assert "This run is still training" in texts(app)

    def test_another_model_or_report_is_another_version(self, run: RunFolder) -> None:
        seen = [newer_model._version(run)]
        for path in (run.best / "bundle.json", run.report_path("val")):
            changed = path.stat().st_mtime_ns + 1_000_000
            os.utime(path, ns=(changed, changed))
            seen.append(newer_model._version(run))
        assert len(set(seen)) == 3
        (run.path / FILE).unlink()
        assert newer_model._version(run) == (), "a model of every epoch would redraw the page all the time"
