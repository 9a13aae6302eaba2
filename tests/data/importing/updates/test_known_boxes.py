"""Boxes in a labels.csv alone: what is unclear about them is asked with the photos that the project has."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image

from core.data.importing.formats.image_size import StoredSize
from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_import import Upload, plan_uploads
from core.data.importing.updates.known_boxes import settle_known_boxes
from core.data.importing.updates.known_photos import find_known
from core.data.importing.updates.label_updates import LabelUpdates, find_updates
from core.data.pictures.box import Box
from core.data.pictures.decoding import decode
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.data.tables.labels_csv import write_labels
from core.data.tables.questions import NO_ANSWERS
from core.errors import ImageRefused
from tests.data.builders import add, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store) -> int:
    """Two photos of 16 × 12 pixels with a box each."""
    project = store.create_project("Boxes", "localization", classes=["cat"]).id
    for number, name in enumerate(["a.png", "b.png"]):
        row = add(store, project, number, name)
        store.set_boxes(project, row.id, [BoxRow("cat", 1, 1, 8, 8)], "ann")
    return project


def settled(
    store: Store, project: int, table: str, answers: Mapping[str, str] = NO_ANSWERS
) -> tuple[ImportPlan, LabelUpdates]:
    plan = plan_uploads([Upload("labels.csv", io.BytesIO(table.encode()))], answers=answers)
    known = find_known(plan, store, project)
    plan = settle_known_boxes(plan, known, store, project, answers)
    return plan, find_updates(plan, known, store, project)


def boxes_of(updates: LabelUpdates) -> list[list[tuple[float, ...]]]:
    return [[(box.x, box.y, box.width, box.height) for box in one.boxes or ()] for one in updates.changes]


FRACTIONS = "filename,label,x,y,width,height\na.png,cat,0.25,0.5,0.5,0.25\nb.png,cat,0.5,0.25,0.25,0.5\n"


def test_fractions_of_a_known_photo_are_a_question_with_the_photo_drawn(store: Store, project: int) -> None:
    """They became boxes of half a pixel."""
    plan, _ = settled(store, project, FRACTIONS)
    (question,) = plan.questions
    assert question.id == "box-unit:photos in the project"
    sample = {one.key: one.photos[0] for one in question.choices}["fractions"]
    assert sample.name == "a.png" and sample.read()[:4] == b"\x89PNG"
    assert [(box.x, box.y, box.width, box.height) for _, box in sample.boxes] == [(4, 6, 8, 3)]


@pytest.mark.parametrize("name", ["box-unit", "box-unit:photos in the project"])
def test_the_answer_scales_the_boxes_of_the_update(store: Store, project: int, name: str) -> None:
    plan, updates = settled(store, project, FRACTIONS, {name: "fractions"})
    assert not plan.questions and not plan.unused_answers
    assert boxes_of(updates) == [[(4, 6, 8, 3)], [(8, 3, 4, 6)]]
    assert any("answered: read them as fractions" in one.text and one.harmless for one in updates.problems)
    _, updates = settled(store, project, FRACTIONS, {name: "skip"})
    assert updates.changes == ()


def test_another_size_of_the_photo_is_a_question(store: Store, project: int) -> None:
    table = "filename,label,xmin,ymin,xmax,ymax,width,height\na.png,cat,4,4,20,20,32,24\n"
    plan, _ = settled(store, project, table)
    assert [one.id for one in plan.questions] == ["box-size:photos in the project"]
    assert "16 × 12 pixels, and the labels say 32 × 24 pixels" in plan.questions[0].text
    assert boxes_of(settled(store, project, table, {"box-size": "scale"})[1]) == [[(2, 2, 8, 8)]]
    assert boxes_of(settled(store, project, table, {"box-size": "keep"})[1]) == [[(4, 4, 16, 16)]]


def test_the_projects_own_table_asks_nothing(store: Store, project: int) -> None:
    plan, updates = settled(store, project, write_labels(store.label_rows(project)))
    assert not plan.questions and updates.changes == () and updates.problems == ()


def test_a_project_without_boxes_asks_nothing(store: Store) -> None:
    other = store.create_project("Classes", classes=["cat"]).id
    add(store, other, 5, "a.png")
    plan, _ = settled(store, other, FRACTIONS)
    assert not plan.questions


def test_a_photo_whose_file_is_gone_is_asked_about_all_the_same(store: Store, project: int) -> None:
    for path in store.image_paths(project).values():
        path.unlink()
    plan, _ = settled(store, project, FRACTIONS)
    photo = plan.questions[0].choices[0].photos[0]
    with pytest.raises(ImageRefused, match="its file in the project cannot be read"):
        photo.read()


def test_an_answer_that_no_question_asks_for_stays_unused(store: Store, project: int) -> None:
    plan, _ = settled(store, project, FRACTIONS, {"box-unit": "pixels", "encoding": "cp932"})
    assert plan.unused_answers == ("encoding",)


# --- photos that are in the project at reduced scale ---------------------------------------------------------------


@pytest.fixture
def reduced(store: Store, monkeypatch: pytest.MonkeyPatch) -> int:
    """A photo whose file had 64 × 48 pixels, and that was read at half its scale: as if 1,000 pixels were the most."""
    from core.data.pictures import decoding, decoding_limits, opened_picture

    for module in (decoding, decoding_limits, opened_picture):
        monkeypatch.setattr(module, "MAX_PIXELS", 1_000)
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "olive").save(out, "JPEG")
    project = store.create_project("Large", "localization", classes=["cat"]).id
    row, _ = store.add_image(project, decode(out.getvalue(), "large.jpg"), out.getvalue(), "large.jpg")
    assert (row.width, row.height) == (32, 24)
    return project


PLAIN = "filename,label,x,y,width,height\nlarge.jpg,cat,{}\n"


def test_boxes_that_only_fit_the_file_are_reduced_with_the_photo(store: Store, reduced: int) -> None:
    """They were kept in pixels of the file, and lay beyond the photo."""
    plan, updates = settled(store, reduced, PLAIN.format("20,10,40,30"))
    assert not plan.questions and boxes_of(updates) == [[(10, 5, 20, 15)]]
    assert any("is reduced with the photo" in one.text or "are reduced" in one.text for one in updates.problems)


def test_boxes_that_fit_both_are_asked(store: Store, reduced: int) -> None:
    table = PLAIN.format("4,6,10,8")
    plan, _ = settled(store, reduced, table)
    [question] = plan.questions
    assert question.id == "box-scale:photos in the project"
    assert "large.jpg: 32 × 24 pixels, and its file had 64 × 48 pixels" in question.text
    assert [one.photos[0].boxes[0][1] for one in question.choices] == [Box(2, 3, 5, 4), Box(4, 6, 10, 8)]
    assert boxes_of(settled(store, reduced, table, {"box-scale": "file"})[1]) == [[(2, 3, 5, 4)]]
    assert boxes_of(settled(store, reduced, table, {"box-scale": "project"})[1]) == [[(4, 6, 10, 8)]]


@pytest.mark.parametrize(("size", "box"), [("64,48", (2, 3, 5, 4)), ("32,24", (4, 6, 10, 8))])
def test_the_size_in_the_table_tells(store: Store, reduced: int, size: str, box: tuple[float, ...]) -> None:
    table = f"filename,label,xmin,ymin,xmax,ymax,width,height\nlarge.jpg,cat,4,6,14,14,{size}\n"
    plan, updates = settled(store, reduced, table)
    assert not plan.questions and boxes_of(updates) == [[box]]


def test_the_table_of_the_project_itself_is_not_reduced_once_more(store: Store, reduced: int) -> None:
    image = store.images(reduced)[0]
    store.set_boxes(reduced, image.id, [BoxRow("cat", 4, 6, 10, 8)], "ann")
    plan, updates = settled(store, reduced, write_labels(store.label_rows(reduced)))
    assert not plan.questions and updates.changes == ()


def test_boxes_beyond_the_file_are_asked_all_the_same(store: Store, reduced: int) -> None:
    plan, _ = settled(store, reduced, PLAIN.format("200,100,40,30"))
    assert [one.kind for one in plan.questions] == ["box-scale"]
    plan, _ = settled(store, reduced, PLAIN.format("200,100,40,30"), {"box-scale": "file"})
    assert [one.kind for one in plan.questions] == ["box-beyond"]


# --- photos that were turned upright --------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_boxes_of_a_photo_that_was_turned_are_asked(store: Store, format: str) -> None:
    """Boxes that were drawn on the photo as its file has it were kept for the photo as it is shown."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[274] = 6
    Image.new("RGB", (64, 48), "olive").save(out, format, exif=exif)
    project = store.create_project("Turned", "localization", classes=["cat"]).id
    name = f"turned.{format.lower()}"
    row, _ = store.add_image(project, decode(out.getvalue(), name), out.getvalue(), name)
    assert (row.width, row.height) == (48, 64)
    table = f"filename,label,x,y,width,height\n{name},cat,4,6,10,8\n"
    plan, _ = settled(store, project, table)
    assert [one.id for one in plan.questions] == ["box-orientation:photos in the project"]
    turned = StoredSize(64, 48, 6).turn(Box(4, 6, 10, 8))
    found = boxes_of(settled(store, project, table, {"box-orientation": "stored"})[1])
    assert found == [[(turned.x, turned.y, turned.width, turned.height)]]
    assert boxes_of(settled(store, project, table, {"box-orientation": "upright"})[1]) == [[(4, 6, 10, 8)]]
    sized = f"filename,label,xmin,ymin,xmax,ymax,width,height\n{name},cat,4,6,14,14,"
    assert boxes_of(settled(store, project, sized + "64,48\n")[1]) == found
    assert boxes_of(settled(store, project, sized + "48,64\n")[1]) == [[(4, 6, 10, 8)]]
    store.set_boxes(project, row.id, [BoxRow("cat", 4, 6, 10, 8)], "ann")
    plan, updates = settled(store, project, write_labels(store.label_rows(project)))
    assert not plan.questions and updates.changes == (), "the project's own table"
