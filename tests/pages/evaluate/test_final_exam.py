"""The final exam on the Evaluate page: nothing is shown before it, and its figures stand with the count of looks."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.exams.locked import write_lock
from core.runs.exams.looks import OPTIMISTIC
from core.runs.exams.records import exams_of, record_exam
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run
from pages.components.evaluate import final_exam
from tests.pages.conftest import OpenPage, messages
from tests.pages.evaluate.test_evaluate import texts
from tests.pages.trained import finished_run


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


@pytest.fixture
def other(run: RunFolder) -> RunFolder:
    """Another run of the project, on the same photos."""
    other = RunFolder(shutil.copytree(run.path, run.path.with_name("20250101-copy")))
    other.write_status(title="The one before")
    return other


def choose_exam(app: AppTest, run: RunFolder) -> AppTest:
    return app.segmented_control(key=f"split-{run.id}").set_value("test").run()


def test_the_card_says_why_and_shows_no_figure(open_page: OpenPage, run: RunFolder) -> None:
    app = choose_exam(open_page("Evaluate", run=run.id), run)
    assert not messages(app)
    said = texts(app)
    number = len(run.snapshot().part("test"))
    assert final_exam.WHY in said and f"**{number} test photos.** Nobody has looked at these photos yet." in said
    assert not app.metric and not app.checkbox and not app.warning
    button = app.button(key="take-exam")
    assert (button.label, button.disabled) == ("Take the final exam", False)
    assert exams_of(run) == () and run.report("test") is None


def test_the_exam_is_taken_once_recorded_and_counted(open_page: OpenPage, run: RunFolder) -> None:
    app = choose_exam(open_page("Evaluate", run=run.id, name="Ada"), run)
    app.button(key="take-exam").click().run()
    assert not messages(app)
    report = run.report("test")
    assert report is not None
    assert (app.metric[0].value, app.metric[0].delta) == (f"{report.accuracy.value:.1%}", "look 1 at these photos")
    assert "**Final exam: look 1 at these photos** by Ada" in texts(app)
    assert [exam.who for exam in exams_of(run)] == ["Ada"]
    assert "take-exam" not in {button.key for button in app.button}
    again = choose_exam(open_page("Evaluate", run=run.id), run)
    assert again.metric[0].delta == "look 1 at these photos" and len(exams_of(run)) == 1
    again.segmented_control(key=f"split-{run.id}").set_value("val").run()
    assert not messages(again) and not again.metric[0].delta


def test_a_second_look_needs_a_confirmation(open_page: OpenPage, run: RunFolder, other: RunFolder) -> None:
    record_exam(other, who="Grace", n=6)
    app = choose_exam(open_page("Evaluate", run=run.id), run)
    assert not messages(app)
    assert "looked at once, by another run of this project." in texts(app)
    assert [one.value for one in app.warning] == [OPTIMISTIC]
    table = app.dataframe[0].value
    assert table[["Look", "Run", "Who"]].to_numpy().tolist() == [[1, "The one before", "Grace"]]
    assert app.button(key="take-exam").disabled
    app.checkbox[0].check().run()
    app.button(key="take-exam").click().run()
    assert not messages(app)
    assert app.metric[0].delta == "look 2 at these photos"
    said = texts(app)
    assert "looked at 2 times, 1 of them by another run of this project." in said and OPTIMISTIC in said
    assert "or a little less, because these photos have been looked at 2 times." in said or "guessing" in said
    evaluate_run(other, "test", device="cpu")
    assert choose_exam(open_page("Evaluate", run=run.id), run).metric[0].delta == "look 2 of 3 at these photos"


def test_an_exam_decides_nothing(open_page: OpenPage, run: RunFolder, other: RunFolder) -> None:
    """Runs were compared, and next steps suggested, on the photos that should judge the result."""
    for one in (run, other):
        evaluate_run(one, "test", device="cpu")
    app = choose_exam(open_page("Evaluate", run=run.id), run)
    views = app.segmented_control(key="evaluate-view").options
    assert views == ["Confusion matrix", "Mistakes", "All photos", "Per class"]
    assert "**Next:**" not in texts(app) and not messages(app)
    for name in views:
        app.segmented_control(key="evaluate-view").set_value(name).run()
        assert not messages(app)


def test_a_report_of_an_earlier_version_is_shown_and_said_to_be_one(open_page: OpenPage, run: RunFolder) -> None:
    evaluate_run(run, "test", device="cpu")
    (run.path / "exams.jsonl").unlink()
    app = choose_exam(open_page("Evaluate", run=run.id), run)
    assert not messages(app)
    assert app.metric[0].delta == "look 1 at these photos"
    assert "made by an earlier version, without being asked." in texts(app)


def test_an_exam_that_fails_is_a_sentence_and_can_be_taken_again(open_page: OpenPage, run: RunFolder) -> None:
    path = Path(run.snapshot().part("test")["path"][0])
    moved = path.rename(path.with_name("moved"))
    app = choose_exam(open_page("Evaluate", run=run.id), run)
    app.button(key="take-exam").click().run()
    assert messages(app) and not app.metric and exams_of(run) == ()
    moved.rename(path)
    app.run()
    app.button(key="take-exam").click().run()
    assert not messages(app) and len(exams_of(run)) == 1


def test_a_run_without_test_photos_has_no_exam(open_page: OpenPage, run: RunFolder) -> None:
    from core.data.snapshot import Snapshot

    snapshot = run.snapshot()
    frame = snapshot.frame[snapshot.frame["split"] != "test"]
    Snapshot(frame, snapshot.classes, snapshot.task).write(run.path / "snapshot.csv")
    app = open_page("Evaluate", run=run.id)
    assert not messages(app)
    options = app.segmented_control(key=f"split-{run.id}").options
    assert [one.split(" (")[0] for one in options] == ["Validation", "Training"]


def test_a_locked_exam_says_so_and_offers_nothing(open_page: OpenPage, run: RunFolder, home: Path) -> None:
    evaluate_run(run, "test", device="cpu")
    write_lock(home, locked=True)
    app = choose_exam(open_page("Evaluate", run=run.id), run)
    assert not messages(app) and not app.metric
    assert app.info[0].value.startswith("Your teacher has locked the exam.")
    assert "take-exam" not in {button.key for button in app.button}
    write_lock(home, locked=False)
    assert choose_exam(open_page("Evaluate", run=run.id), run).metric
