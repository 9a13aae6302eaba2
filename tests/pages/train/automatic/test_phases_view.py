"""An automatic run on its pages: usable while it trains, its phases afterwards, and a better model when it comes."""

import os
from pathlib import Path

import pytest

from core.data.store.store import Project, Store
from core.inspection.measuring.report import Rate, Report
from core.runs.automatic.phases import FILE, Phases, write_phases
from core.runs.folder import RunFolder
from core.runs.status import now
from core.runs.table import row_of, run_rows
from core.workspace import open_workspace
from pages.components.evaluate import compare_runs
from pages.components.train import live_run, run_list, runs_table
from pages.components.train.automatic import newer_model, phase_words
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.train.automatic.some_phases import HEAD, ONE, THREE, TWO
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
    assert {"Evaluate the model", "Explain predictions", "Export the model"} <= links
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars[0] == "phase 2: the last stage · epoch 2 of 8 · 14 s left"
    assert "phase 2, head kept so far" in said and "The last stage is being trained." in said.replace("**", "")
    assert app.button(key=f"stop-{run.id}").help == live_run.STOP_PHASE
    assert len(app.get("plotly_chart")) == 3, "the phases, the loss and the accuracy"
    assert "epochs" not in run_list.run_line(run)


def test_the_first_phase_has_no_empty_chart_and_no_model_to_compare_with(
    open_page: OpenPage, store: Store, colors: Project
) -> None:
    begun = HEAD.model_copy(update={"points": (), "ended": None, "value": None, "kept": False, "verdict": ""})
    run = automatic_run(store, colors, Phases(phases=(begun,)), 0)
    run.write_status(state="running", started=now(), phase="solving the head")
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert not messages(app)
    assert not app.get("plotly_chart")
    assert "The head is being trained." in texts(app).replace("**", "")
    assert app.button(key=f"stop-{run.id}").help == live_run.STOP


def test_the_head_of_boxes_is_not_said_to_be_solved(
    open_page: OpenPage, store: Store, colors: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is trained by steps."""
    monkeypatch.setattr(live_run, "is_boxed", lambda run: True)
    run = automatic_run(store, colors, ONE, 1)
    run.write_status(state="finished", epoch=1, epochs=1, message="The head was kept.")
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert not messages(app)
    assert live_run.HEAD_WITHOUT_CURVES not in texts(app) and len(app.get("plotly_chart")) == 3


def test_the_best_epoch_is_said_of_each_phase(open_page: OpenPage, store: Store, colors: Project) -> None:
    """Two sentences contradicted each other: the best epoch of all is kept, and the model before may be."""
    run = automatic_run(store, colors, THREE, 12)
    for step in range(4):
        run.append_metrics("step", {"epoch": 2, "step": step, "loss": 1.0, "accuracy": 0.5, "learning_rate": 0.001})
    run.write_status(state="finished", epoch=12, epochs=12, message="The last stage was kept.")
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert not messages(app)
    assert live_run.BEST_OF_PHASES in texts(app) and "The model of the best epoch is kept" not in texts(app)


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
    report = Report.model_construct(accuracy=Rate.of(6, 10), macro_f1=None, loss=None, classes=("red", "blue"))
    compared = compare_runs.table({"A": (run, report)}).set_index("")["A"]
    assert (compared["Length"], compared["Trained layers"]) == ("3 phases, last stage kept", "Automatic (last stage)")
    table = runs_table.table_of(run_rows(open_workspace()), open_workspace())
    assert table.loc[0, "Trained layers"] == "Automatic (last stage)"
    assert table.loc[0, "Length"] == "3 phases, last stage kept"
    write_phases(run.path, ONE)
    assert phase_words.length_of(row_of(run)) == "1 phase, head kept", "a solved head was one epoch"


class TestAModelInUse:
    """A finished run stands for the first phase's model; it is live because this process is said to train it."""

    @pytest.fixture
    def run(self, home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
        run = finished_run(tmp_path_factory)
        write_phases(run.path, TWO)
        from core.runs.process import process_fields

        run.write_status(**process_fields(os.getpid()), state="running", epoch=1, epochs=9, started=now())
        return run

    def test_evaluate_shows_the_validation_photos_and_the_phases(self, open_page: OpenPage, run: RunFolder) -> None:
        """The test photos were chosen, and the page only said that the run is still training."""
        app = open_page("Evaluate", run=run.id)
        assert not messages(app)
        assert app.segmented_control(key=f"split-{run.id}").value == "val"
        assert "This run is still training. You see its best model so far." in texts(app)
        split = app.segmented_control(key=f"split-{run.id}")
        assert "the best epoch and, in automatic training, the phase" in split.help
        assert app.metric[0].label == "Accuracy"
        app.segmented_control(key="evaluate-view").set_value("Training phases").run()
        assert not messages(app)
        assert "The head" in texts(app) and "A first model is ready" not in texts(app)

    def test_photos_without_a_report_are_not_said_to_show_the_model(self, open_page: OpenPage, run: RunFolder) -> None:
        """The page said both "You see its best model so far" and that its reports are created at the end."""
        app = open_page("Evaluate", run=run.id)
        app.segmented_control(key=f"split-{run.id}").set_value("test").run()
        assert not messages(app)
        said = texts(app)
        assert "best model so far." not in said and not app.metric
        assert "The final exam can be taken when it ends. Choose Validation to see the model so far." in said
        assert "take-exam" not in {button.key for button in app.button}
        assert [link.proto.label for link in app.get("page_link")].count("Watch the run") == 1

    def test_a_resumed_run_in_the_queue_is_not_said_to_train(self, open_page: OpenPage, run: RunFolder) -> None:
        run.write_status(state="queued")
        app = open_page("Evaluate", run=run.id)
        assert not messages(app)
        assert "This run is waiting in the queue. You see its best model so far." in texts(app)
        assert "still training" not in texts(app)

    def test_a_better_model_is_offered_and_waits_for_a_press(
        self, open_page: OpenPage, run: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The page redrew itself, and somebody who was choosing a corrected label lost the photo and the choice."""
        versions, redrawn = [1, 2], []
        monkeypatch.setattr(newer_model, "_version", lambda run: versions.pop(0) if versions else 2)
        monkeypatch.setattr(newer_model.st, "rerun", lambda: redrawn.append(True))
        app = open_page("Evaluate", run=run.id)
        assert newer_model.BETTER in texts(app) and app.button(key="show-newer").label == "Show it"
        assert not redrawn
        versions[:] = [1, 2]
        app.button(key="show-newer").click().run()
        assert not messages(app) and redrawn == [True]
        app.run()
        assert newer_model.BETTER not in texts(app)

    @pytest.mark.parametrize(
        ("state", "sentence"), [("finished", "Training has finished."), ("stopped", "Training has ended.")]
    )
    def test_the_end_of_the_training_is_said_with_a_button(
        self, open_page: OpenPage, run: RunFolder, monkeypatch: pytest.MonkeyPatch, state: str, sentence: str
    ) -> None:
        def ended(live: RunFolder, split: str | None) -> None:
            newer_model._offer_newer(live.write_status(state=state) and live, newer_model._version(live))

        monkeypatch.setattr(newer_model, "watch", ended)
        app = open_page("Evaluate", run=run.id)
        assert not messages(app)
        assert sentence in texts(app) and app.button(key="show-newer").label == "Refresh"

    def test_every_page_offers_the_model_while_it_trains(self, open_page: OpenPage, run: RunFolder) -> None:
        for page in ("Export", "Explain"):
            app = open_page(page, **({"model": run.id} if page == "Explain" else {"run": run.id}))
            assert not messages(app)
            assert run.id in (app.selectbox(key="model" if page == "Explain" else "run").value,)
            assert "This run is still training" in texts(app)

    def test_a_better_model_is_noticed_once_and_only_with_its_report(self, run: RunFolder) -> None:
        """It was noticed twice: the model is written before its report."""
        seen = [newer_model._version(run)]
        for path in (run.best / "bundle.json", run.report_path("val")):
            changed = path.stat().st_mtime_ns + 1_000_000
            os.utime(path, ns=(changed, changed))
            seen.append(newer_model._version(run))
        assert seen[0] == seen[1] != seen[2]
        (run.path / FILE).unlink()
        assert newer_model._version(run) == 0, "a model of every epoch would be announced all the time"
