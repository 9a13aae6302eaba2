"""The box desk: exact boxes, saved immediately, from the canvas, the keys and the table."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.store.store import BoxRow, Store
from pages.components.boxes.box_canvas import (
    BoxEdit,
    canvas_size,
    from_numbers,
    is_stretched,
    step_size,
    to_numbers,
)
from pages.components.boxes.box_state import Taken
from pages.components.boxes.merge_boxes import BOTH_KEPT
from tests.data.builders import add, picture
from tests.pages.conftest import OpenPage, read

MOST = (540, 560)


@pytest.mark.parametrize("size", [(4000, 3000), (259, 194), (16, 12), (12000, 90), (541, 7)])
def test_a_box_that_nobody_touched_comes_back_from_the_browser_exactly(size: tuple[int, int]) -> None:
    width, height = size
    boxes = [
        BoxRow("owl", 0, 0, width, height),
        BoxRow("owl", width / 3, height / 7, width / 2, height / 3),
        BoxRow("duck", -2.5, 3, width, 2),
    ]
    sent = json.loads(json.dumps(to_numbers(boxes)))
    edit = BoxEdit.model_validate({"number": 1, "project": 1, "photo": 1, "before": sent, "boxes": sent, "at": 0})
    assert from_numbers(edit.before) == boxes


@pytest.fixture
def project_with_boxes(store: Store) -> tuple[Store, int, list[int]]:
    project = store.create_project("Boxes", "localization", ["owl", "duck"])
    return store, project.id, [add(store, project.id, number).id for number in range(3)]


@pytest.fixture
def drawing(open_page: OpenPage, project_with_boxes: tuple[Store, int, list[int]]) -> AppTest:
    return open_page("Annotate", project=str(project_with_boxes[1]))


def press(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.button if one.label == label).click().run()


def test_two_desks_draw_on_different_photos_and_undo_only_their_own_boxes(
    open_page: OpenPage, project_with_boxes: tuple[Store, int, list[int]]
) -> None:
    store, project, (first, second, third) = project_with_boxes
    ana = open_page("Annotate", project=str(project), name="Ana")
    bo = open_page("Annotate", project=str(project), name="Ana")  # the same name, another tab
    assert (ana.session_state["box-desk"].current, bo.session_state["box-desk"].current) == (first, third)
    press(ana, "New box")
    press(bo, "New box")
    press(ana, "Undo")
    assert set(store.boxes(project)) == {third}
    assert next(one for one in ana.button if one.label == "Undo").disabled
    press(ana, "Next")
    assert ana.session_state["box-desk"].current == second


def test_a_box_by_keys_is_saved_at_once_moved_relabelled_deleted_and_undone(
    drawing: AppTest, project_with_boxes: tuple[Store, int, list[int]]
) -> None:
    store, project, (first, second, _) = project_with_boxes
    press(drawing, "New box")
    (box,) = store.boxes(project)[first]
    assert (box.label, box.x, box.y, box.width, box.height) == ("owl", 4, 3, 8, 6)
    drawing.button(key="box-shift-east").click().run()
    assert store.boxes(project)[first][0].x == 5
    press(drawing, "duck")
    assert store.boxes(project)[first][0].label == "owl"
    press(drawing, "Change class")
    assert store.boxes(project)[first][0].label == "duck"
    press(drawing, "Delete")
    assert store.boxes(project) == {}
    press(drawing, "Undo")
    assert store.boxes(project)[first][0].label == "duck"
    press(drawing, "Next")
    press(drawing, "New box")
    assert set(store.boxes(project)) == {first, second}
    assert not drawing.exception


def test_what_somebody_else_drew_meanwhile_and_what_i_draw_are_both_kept(
    drawing: AppTest, project_with_boxes: tuple[Store, int, list[int]]
) -> None:
    store, project, (first, *_) = project_with_boxes
    store.set_boxes(project, first, [BoxRow("duck", 1, 1, 5, 5)], "bob")
    press(drawing, "New box")
    assert [box.label for box in store.boxes(project)[first]] == ["duck", "owl"]
    assert read(drawing.warning[0].value) == BOTH_KEPT
    assert any("Box 2 of 2" in one.value for one in drawing.markdown)
    press(drawing, "Delete")
    assert [box.label for box in store.boxes(project)[first]] == ["duck"]
    assert not drawing.warning and not drawing.exception


def test_the_boxes_of_somebody_else_appear_without_a_word(
    drawing: AppTest, project_with_boxes: tuple[Store, int, list[int]]
) -> None:
    store, project, (first, *_) = project_with_boxes
    store.set_boxes(project, first, [BoxRow("duck", 1, 1, 5, 5)], "bob")
    drawing.run()
    assert any("Box 1 of 1" in one.value for one in drawing.markdown)
    assert not drawing.warning and not drawing.exception


def drawn(app: AppTest, edits: list[dict[str, Any]]) -> AppTest:
    """The browser reports edits on the canvas."""
    taken: Taken = app.session_state["boxes-taken"]
    app.session_state["boxes-canvas"] = {"report": {"token": taken.token, "edits": edits}}
    return press(app, "owl")


def test_reported_edits_are_saved_once_and_each_to_its_photo(
    drawing: AppTest, project_with_boxes: tuple[Store, int, list[int]]
) -> None:
    store, project, (first, second, _) = project_with_boxes
    here = {"number": 1, "project": project, "photo": first, "before": [], "boxes": [["owl", 1, 2, 3, 4]], "at": 0}
    there = {"number": 2, "project": project, "photo": second, "before": [], "boxes": [["duck", 5, 5, 2, 2]], "at": 0}
    for _ in range(2):
        drawn(drawing, [here, there])
        assert {photo: [box.x for box in boxes] for photo, boxes in store.boxes(project).items()} == {
            first: [1],
            second: [5],
        }
    other = store.create_project("Left a moment ago", "localization", ["owl"])
    photo = add(store, other.id, 9).id
    left = {"number": 3, "project": other.id, "photo": photo, "before": [], "boxes": [["owl", 1, 1, 2, 2]], "at": 0}
    drawn(drawing, [left])
    assert len(store.boxes(other.id)[photo]) == 1
    unknown = {
        "number": 4,
        "project": project,
        "photo": first,
        "before": here["boxes"],
        "boxes": [["swan", 1, 2, 3, 4]],
        "at": 0,
    }
    drawn(drawing, [unknown])
    assert "swan" in drawing.warning[0].value and store.boxes(project)[first][0].label == "owl"
    drawing.session_state["boxes-canvas"] = {"report": {"token": "another", "edits": [{**here, "number": 9}]}}
    press(drawing, "Delete")
    assert first not in store.boxes(project)
    assert not drawing.exception


def test_one_step_by_keys_is_about_one_pixel_of_the_screen_and_at_least_one_of_the_photo() -> None:
    assert step_size((4000, 3000), canvas_size((4000, 3000), MOST)) == (7, 7)
    assert step_size((16, 12), canvas_size((16, 12), MOST)) == (1, 1)


@pytest.mark.parametrize("size", [(333, 2777), (3001, 211), (12000, 90)])
def test_a_very_long_photo_is_shown_wide_enough_to_draw_on(size: tuple[int, int]) -> None:
    canvas = canvas_size(size, MOST)
    assert min(canvas) >= 140 and canvas[0] <= MOST[0] and canvas[1] <= MOST[1]
    assert is_stretched(size, canvas)
    assert not is_stretched((640, 480), canvas_size((640, 480), MOST))


def test_a_table_without_a_header_is_shown_on_photos_and_taken_after_a_yes(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Boxes", "localization")
    app = open_page("Data", project=str(project.id))
    files = [(f"{number}.png", picture(number), "image/png") for number in range(3)]
    table = b"0.png,owl,4,2,3,4\n1.png,owl,2,2,4,5\n2.png,owl,1,1,30,4\n"
    app.file_uploader(key="add-files-0").set_value([*files, ("boxes.csv", table, "text/csv")]).run()
    assert "first line must name the columns" in app.info[0].value
    next(one for one in app.button if one.label == "Use these boxes").click().run()
    keep = "Keep these boxes unchanged, as far as they overlap their photo"
    next(one for one in app.button if one.label == keep).click().run()
    assert "1 box does not fit the photo" in app.warning[0].value
    assert any("line 3, " in one.value and "it extends 15 pixels beyond" in one.value for one in app.markdown)
    app.button(key="import-now").click().run()
    deadline = time.monotonic() + 20
    while len(store.boxes(project.id)) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sorted(box.width for (box,) in store.boxes(project.id).values()) == [3, 4, 30]


def test_a_table_without_a_header_in_a_folder_of_the_computer_is_asked_about_too(
    open_page: OpenPage, store: Store, tmp_path: Path
) -> None:
    project = store.create_project("Boxes", "localization")
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(picture(number))
    (folder / "labels.csv").write_bytes(b"0.png,owl,4,2,3,4\n1.png,owl,2,2,4,5\n2.png,owl,1,1,3,4\n")
    app = open_page("Data", project=str(project.id))
    app.segmented_control(key="add-way").set_value("A path on the server").run()
    app.text_input(key="add-folder").set_value(str(folder))
    next(one for one in app.button if one.label == "Read folder").click().run()
    assert not app.error and not app.exception
    yes = [one.label for one in app.button if one.label.startswith("Use these")]
    app.segmented_control(key="add-way").set_value("Files or a zip").run()
    assert yes and not [one for one in app.button if one.label.startswith("Use these")]
    assert any("You can label photos in three ways" in one.value for one in app.markdown)
    app.segmented_control(key="add-way").set_value("A path on the server").run()
    app.text_input(key="add-folder").set_value(str(folder))
    next(one for one in app.button if one.label == "Read folder").click().run()
    next(one for one in app.button if one.label == "Use these boxes").click().run()
    app.button(key="import-now").click().run()
    deadline = time.monotonic() + 20
    while len(store.boxes(project.id)) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sorted(box.width for (box,) in store.boxes(project.id).values()) == [3, 3, 4]


def test_the_data_page_hands_out_the_formats_of_the_task(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Boxes", "localization", ["owl"])
    store.set_boxes(project.id, add(store, project.id, 1).id, [BoxRow("owl", 1, 2, 3, 4)], "ann")
    app = open_page("Data", project=str(project.id))
    app.segmented_control(key="data-section").set_value("Download labels").run()
    assert app.selectbox(key="labels-format").options == [
        "COCO JSON",
        "Pascal VOC XML",
        "YOLO text",
        "Hugging Face image folder",
        "Label Studio JSON",
        "CVAT for images XML",
        "labels.csv and the photos",
    ]
    assert list(app.dataframe[0].value.columns) == ["filename", "label", "split", "x", "y", "width", "height"]
    shown = " ".join(one.value for one in app.markdown)
    assert "Not included: the order of the classes, classes without photos" in shown
    app.selectbox(key="labels-format").set_value("yolo").run()
    assert "the class of a photo that has no box" in " ".join(one.value for one in app.caption)
    assert not app.exception


def test_a_zip_that_is_too_large_for_a_browser_is_written_by_a_command(
    open_page: OpenPage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = store.create_project("Ann's boxes", "localization", ["owl"])
    add(store, project.id, 1)
    size = store.stored_bytes(project.id)
    assert size == sum(row.bytes for row in store.images(project.id)) > 0
    monkeypatch.setattr("pages.components.data.export_labels.MAX_BYTES", size - 1)
    app = open_page("Data", project=str(project.id))
    app.segmented_control(key="data-section").set_value("Download labels").run()
    assert not app.exception
    assert app.code[0].value == """python -m core labels --project 'Ann'"'"'s boxes' --format coco --out coco.zip"""
    assert "Download zip" not in [one.proto.label for one in app.get("download_button")]
