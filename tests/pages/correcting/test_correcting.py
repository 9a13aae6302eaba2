"""The closed loop on pages: select photos, correct their labels, train again, and see what changed."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.snapshot import snapshot_of_project
from core.data.store.store import Project, Store
from core.inspection.measuring.predictions_csv import write
from core.runs.folder import RunFolder, list_runs
from pages.components.correcting.correct_labels import SEVERAL
from pages.components.correcting.train_again_bar import BUTTON
from pages.components.evaluate.what_changed_view import VIEW
from tests.pages.conftest import OpenPage, add_photo, messages, read
from tests.pages.trained import finished_run

EARLIER = "20250101-earlier"


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setattr("core.runs.jobs._start", lambda workspace, run: None)
    return finished_run(tmp_path_factory)


def texts(app: AppTest) -> str:
    found = [*app.markdown, *app.caption, *app.header, *app.info, *app.warning, *app.success]
    return read("\n".join(element.value for element in found))


def labels(app: AppTest) -> list[str]:
    return [one.label for one in app.button]


def validation_photos(run: RunFolder, store: Store) -> list[tuple[str, int, str]]:
    """The hash, the image number and the label of each validation photo, in the order of the page."""
    table = run.predictions("val")
    assert table is not None
    found = []
    for image in table.sort_values("probability", kind="stable")["image"]:
        photo = store.find_image(store.projects()[0].id, str(image))
        assert photo is not None and photo.label is not None
        found.append((str(image), photo.id, photo.label))
    return found


def several(open_page: OpenPage, run: RunFolder, count: int, photos: list[tuple[str, int, str]]) -> AppTest:
    """The Evaluate page with so many of the least confident photos selected."""
    key = f"photos-{run.id}-val"
    app = open_page("Evaluate", run=run.id)
    app.segmented_control(key="evaluate-view").set_value("All photos").run()
    app.toggle(key=f"{key}-several").set_value(True).run()
    assert app.toggle(key=f"{key}-several").label == SEVERAL
    app.session_state[f"{key}-many-wall-1"] = {"chosen": [image for image, _, _ in photos[:count]]}
    return app.run()


def test_several_labels_are_corrected_in_one_change_and_undone(
    open_page: OpenPage, run: RunFolder, store: Store
) -> None:
    project = store.projects()[0]
    photos = validation_photos(run, store)
    key = f"photos-{run.id}-val"
    app = several(open_page, run, 3, photos)
    assert "3 selected" in texts(app) and app.button(key=f"{key}-correct-selected").disabled
    app.selectbox(key=f"{key}-selection-label").set_value("green").run()
    assert app.button(key=f"{key}-correct-selected").label == "Correct 3 labels"
    before = len(store.history(project.id, 100))
    app.button(key=f"{key}-correct-selected").click().run()
    assert not messages(app)
    assert {store.image(project.id, number).label for _, number, _ in photos[:3]} == {"green"}
    assert len(store.history(project.id, 100)) == before + 1
    assert "3 labels corrected to green." in texts(app) and "Select photos to correct their labels." in texts(app)
    app.button(key="undo-line-now").click().run()
    assert not messages(app)
    assert [store.image(project.id, number).label for _, number, _ in photos[:3]] == [name for *_, name in photos[:3]]
    assert BUTTON not in labels(app)


def test_a_corrected_label_is_named_on_its_card(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    image, number, label = validation_photos(run, store)[0]
    other = "green" if label != "green" else "blue"
    store.annotate(store.projects()[0].id, [number], other, "Ben")
    app = open_page("Evaluate", run=run.id)
    app.segmented_control(key="evaluate-view").set_value("All photos").run()
    walls = [one.proto for one in app.get("bidi_component") if image in str(one.proto)]
    assert walls and f"label: {label}, now {other}" in str(walls)


def test_one_click_trains_again_on_the_present_labels(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    project = store.projects()[0]
    app = open_page("Evaluate", run=run.id)
    assert BUTTON not in labels(app)
    _, number, label = validation_photos(run, store)[0]
    store.annotate(project.id, [number], "green" if label != "green" else "blue", "Ben")
    app = open_page("Evaluate", run=run.id)
    assert "Since this run was trained: 1 label was changed." in texts(app)
    app.button(key=f"again-{run.id}").click().run()
    assert not messages(app)
    (again,) = [one for one in list_runs(store.workspace) if one != run]
    assert again.status().corrected_from == run.id and again.status().title == "First colors (corrected)"
    assert again.recipe() == run.recipe()
    app = open_page("Evaluate", run=run.id)
    assert BUTTON not in labels(app)
    assert "Open the corrected run" in [link.proto.label for link in app.get("page_link")]


def corrected(run: RunFolder, store: Store) -> RunFolder:
    """An earlier run, which ``run`` corrects: one label differs, and its first two answers are wrong."""
    earlier = RunFolder(shutil.copytree(run.path, run.path.with_name(EARLIER)))
    earlier.write_status(title="Before")
    run.write_status(corrected_from=EARLIER)
    project = store.projects()[0]
    table = run.predictions("val")
    assert table is not None
    right, wrong = table.assign(prediction=table["label"]), table.assign(prediction=table["label"])
    wrong.loc[[0, 1], "prediction"] = "nothing"
    first = store.find_image(project.id, str(table["image"].iloc[0]))
    assert first is not None
    store.annotate(project.id, [first.id], "green" if first.label != "green" else "blue", "Ben")
    snapshot_of_project(store, project.id).write(earlier.path / "snapshot.csv")
    write(right, run.path / "predictions-val.csv")
    write(wrong, earlier.path / "predictions-val.csv")
    return earlier


def test_evaluate_shows_what_changed(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    corrected(run, store)
    app = open_page("Evaluate", run=run.id)
    assert app.segmented_control(key="evaluate-view").value == VIEW
    assert not messages(app)
    said = texts(app)
    assert "with corrected labels, from **Before" in said
    assert "2 newly right, 0 newly wrong." in said and "may well be chance (p = 0.5)" in said
    assert "Newly right: 2 photos" in said and "Newly wrong: 0 photos" in said
    assert "Labels changed: 1 photo" in said and "1 label was changed" in said
    assert "p is from McNemar's exact test" in said
    app = open_page("Evaluate", run=EARLIER)
    assert VIEW not in app.segmented_control(key="evaluate-view").options and not messages(app)


def test_a_deleted_earlier_run_is_said(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    earlier = corrected(run, store)
    shutil.rmtree(earlier.path)
    app = open_page("Evaluate", run=run.id)
    assert not messages(app) and "has been deleted, so the two cannot be compared" in texts(app)


def test_the_report_is_created_and_then_downloaded(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Evaluate", run=run.id)
    app.button(key=f"report-create-{run.id}").click().run()
    assert not messages(app)
    assert (run.path / "report.html").stat().st_size > 1_000_000
    (download,) = [one for one in app.get("download_button") if one.proto.label.startswith("Download the report (")]
    assert download.proto.label.endswith(" MB)")
    run.write_status(title="Renamed")
    app = open_page("Evaluate", run=run.id)
    assert "Create the report" in labels(app)


def disputed(store: Store) -> tuple[Project, list[int]]:
    """Five photos: two people call three of them owl or duck, and two of them owl or goose."""
    project = store.create_project("Birds", classes=["owl", "duck", "goose"])
    numbers = [add_photo(store, project, f"{place}.png", seed=place) for place in range(5)]
    store.annotate(project.id, numbers, "owl", "Ana")
    store.annotate(project.id, numbers[:3], "duck", "Ben")
    store.annotate(project.id, numbers[3:], "goose", "Ben")
    return project, numbers


def test_a_group_of_disagreements_is_decided_together(open_page: OpenPage, store: Store) -> None:
    project, numbers = disputed(store)
    app = open_page("Data", project=str(project.id))
    app.segmented_control(key="data-section").set_value("Check labels").run()
    app.pills(key="check-which").set_value("Annotators").run()
    assert not messages(app)
    group = app.selectbox(key="disagreements-group")
    assert group.options == ["All", "duck or owl", "goose or owl"]
    group.set_value("goose or owl").run()
    app.toggle(key="disagreements-several").set_value(True).run()
    app.session_state["disagreements-wall"] = {"chosen": [str(number) for number in numbers[3:]]}
    app.run()
    app.selectbox(key="disagreements-selection-label").set_value("goose").run()
    app.button(key="disagreements-correct-selected").click().run()
    assert not messages(app)
    assert [store.image(project.id, number).label for number in numbers[3:]] == ["goose", "goose"]
    assert store.history(project.id, 1)[0].kind == "adjudicated"
    assert "3 photos to resolve, 2 already resolved." in texts(app)
    app.button(key="undo-line-now").click().run()
    assert "5 photos to resolve." in texts(app)


def test_the_label_of_an_explained_photo_is_corrected_in_place(
    open_page: OpenPage, run: RunFolder, store: Store
) -> None:
    project = store.projects()[0]
    _, number, label = validation_photos(run, store)[0]
    app = open_page("Explain", model=run.id, image=str(number))
    assert not messages(app)
    other = "green" if label != "green" else "blue"
    app.selectbox(key=f"explained-label-{number}").set_value(other).run()
    app.button(key="explained-correct").click().run()
    assert not messages(app)
    assert store.image(project.id, number).label == other
    assert "Since this run was trained: 1 label was changed." in texts(app) and BUTTON in labels(app)
