"""Boxes that reach clearly beyond their photo are asked: of a larger photo, in percent, or right as they are."""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from core.data.importing.box_frames import BEYOND, ORIENTATION, SIZE, UNIT, BoxedPhoto, settle_boxes
from core.data.importing.formats.write_zip import WITH_BOXES, write_zip
from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_import import Upload, plan_folder, plan_uploads, plan_zip, run_import
from core.data.importing.table_photos import photos_of_table
from core.data.importing.updates.known_boxes import settle_known_boxes
from core.data.importing.updates.known_photos import find_known
from core.data.pictures.box import Box
from core.data.pictures.box_drawing import jpeg_with_boxes
from core.data.tables.label_rows import BoxFrame, LabelledBox
from core.data.tables.labels_csv import write_labels
from core.data.tables.questions import NO_ANSWERS, Asking
from core.errors import QuestionsOpen
from tests.data.builders import open_store

Sides = tuple[float, float, float, float]


def png(width: int, height: int, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    out = io.BytesIO()
    Image.new("RGB", (width, height), (40, 90, 60)).save(out, "PNG", exif=exif)
    return out.getvalue()


def photo(
    *boxes: Sides,
    size: tuple[int, int] = (640, 360),
    frame: BoxFrame | None = None,
    name: str = "a.png",
    trusted: bool = False,
    orientation: int = 1,
) -> BoxedPhoto:
    objects = tuple(LabelledBox("owl", Box(*box)) for box in boxes)
    raw = png(*size, orientation)
    return BoxedPhoto(name, objects, frame or BoxFrame(), lambda: raw, trusted=trusted)


def asked(*photos: BoxedPhoto, answers: Mapping[str, str] = NO_ANSWERS) -> list[str]:
    asking = Asking(answers)
    settle_boxes(photos, asking)
    return [question.kind for question in asking.open]


def settled(answers: Mapping[str, str], *photos: BoxedPhoto) -> dict[str, list[Box]]:
    found, _ = settle_boxes(photos, Asking(answers))
    return {name: [one.box for one in objects] for name, objects in found.items()}


INSIDE, OUTSIDE, ACROSS = (100, 80, 300, 220), (1200, 500, 400, 400), (300, 100, 600, 600)


def test_boxes_of_a_larger_photo_are_asked_with_both_sizes_of_samples() -> None:
    photos = [photo(INSIDE), photo(OUTSIDE, name="b.png"), photo(ACROSS, INSIDE, name="c.png")]
    asking = Asking()
    settle_boxes(photos, asking)
    [question] = asking.open
    assert question.text == (
        "2 boxes of 2 photos reach beyond their photo, such as (1200, 500, 400, 400) of b.png, which has "
        "640 × 360 pixels. Were they drawn on larger photos, or are the numbers in another unit?"
    )
    assert [one.key for one in question.choices] == ["keep", "skip"]
    assert [[len(shown.boxes) for shown in one.photos] for one in question.choices] == [[1, 2], [0, 1]]
    kept, left = settled({BEYOND: "keep"}, *photos), settled({BEYOND: "skip"}, *photos)
    assert kept == {"a.png": [Box(*INSIDE)], "b.png": [Box(*OUTSIDE)], "c.png": [Box(*ACROSS), Box(*INSIDE)]}
    assert left == {"a.png": [Box(*INSIDE)], "b.png": [], "c.png": [Box(*INSIDE)]}


@pytest.mark.parametrize(
    ("box", "size", "expected"),
    [
        ((600, 300, 72, 60), (640, 360), False),  # 5 % of the width: 672
        ((600, 300, 73, 60), (640, 360), True),
        ((600, 300, 40, 79), (640, 360), True),  # below
        ((10, 10, 12, 8), (20, 20), False),  # 2 pixels of a small photo
        ((10, 10, 12.5, 8), (20, 20), True),
        ((-300, 10, 500, 100), (640, 360), False),  # only the left edge, and 40 % of it lie inside
        ((-300, 10, 290, 100), (640, 360), True),  # wholly outside
        ((-300, 10, 310, 100), (640, 360), True),  # the import would skip it as well
    ],
)
def test_what_is_clearly_beyond(box: Sides, size: tuple[int, int], expected: bool) -> None:
    assert asked(photo(box, size=size)) == ([BEYOND] if expected else [])


def test_percent_of_small_photos_is_offered_where_all_boxes_fit() -> None:
    """They became boxes of which three quarters lie beyond the photo."""
    photos = [photo((10, 10, 80, 85), size=(64, 48)), photo((20, 10, 20, 20), size=(64, 48), name="b.png")]
    asking = Asking()
    settle_boxes(photos, asking)
    [question] = asking.open
    assert question.kind == BEYOND and question.text.startswith("1 box reaches beyond its photo: (10, 10, 80, 85)")
    assert [one.key for one in question.choices] == ["percent", "keep", "skip"]
    found = settled({BEYOND: "percent"}, *photos)
    assert found == {"a.png": [Box(6.4, 4.8, 51.2, 40.8)], "b.png": [Box(12.8, 4.8, 12.8, 9.6)]}
    assert settled({BEYOND: "skip"}, *photos) == {"a.png": [], "b.png": [Box(20, 10, 20, 20)]}


def test_percent_is_not_offered_where_one_box_is_larger_or_the_unit_is_known() -> None:
    def offered(*photos: BoxedPhoto) -> bool:
        asking = Asking()
        settle_boxes(photos, asking)
        return any(one.key == "percent" for question in asking.open for one in question.choices)

    small = (64, 48)
    assert offered(photo((10, 10, 80, 85), size=small))
    assert not offered(photo((10, 10, 80, 85), size=small), photo((10, 10, 100, 20), size=small, name="b.png"))
    assert not offered(photo((10, 10, 80, 85), size=small, frame=BoxFrame(relative=True)))


def test_a_size_that_the_labels_say_explains_them() -> None:
    one = photo(OUTSIDE, frame=BoxFrame((1600, 900)))
    assert asked(one) == [SIZE]
    assert asked(one, answers={SIZE: "scale"}) == [] == asked(one, answers={SIZE: "keep"})
    assert settled({SIZE: "scale"}, one) == {"a.png": [Box(480, 200, 160, 160)]}
    same = photo(OUTSIDE, frame=BoxFrame((640, 360)))
    assert asked(same) == [BEYOND], "the size that is said is the photo's own, which does not explain the box"
    larger = photo((2000, 500, 400, 400), frame=BoxFrame((1600, 900)))
    assert asked(larger, answers={SIZE: "scale"}) == [BEYOND], "not even the size that is said explains it"


def test_it_is_asked_after_what_may_change_the_boxes() -> None:
    fractions = photo((0.1, 0.1, 0.5, 0.5), OUTSIDE)
    assert asked(fractions) == [UNIT] and asked(fractions, answers={UNIT: "pixels"}) == [BEYOND]
    turned = photo((300, 20, 90, 40), size=(400, 200), orientation=6)
    assert asked(turned) == [ORIENTATION]
    assert asked(turned, answers={ORIENTATION: "stored"}) == []
    assert asked(turned, answers={ORIENTATION: "upright"}) == [BEYOND]


def test_fractions_beyond_the_photo_are_asked_without_a_word_about_its_size() -> None:
    asking = Asking()
    settle_boxes([photo((500, 10, 300, 100), frame=BoxFrame(relative=True))], asking)
    [question] = asking.open
    assert question.text.endswith("Are its numbers right?")


def test_our_own_data_is_not_asked_again() -> None:
    assert asked(photo(OUTSIDE, trusted=True)) == []
    assert asked(photo(OUTSIDE, trusted=True), photo(ACROSS, name="b.png")) == [BEYOND]


@pytest.mark.parametrize("far", [1e9, 1e300, 1.7e308])
def test_the_sample_of_a_box_with_huge_numbers_can_be_drawn(far: float) -> None:
    asking = Asking()
    settle_boxes([photo((far, far, far, far), (-far, 0, far, 10))], asking)
    [question] = asking.open
    [shown] = question.choices[0].photos
    assert jpeg_with_boxes(shown.read(), shown.name, shown.boxes).startswith(b"\xff\xd8")


BOXES = {1: (100, 80, 400, 300), 2: (1200, 500, 1600, 900), 3: (300, 100, 900, 700)}


def folder_of(folder: Path, labels: Mapping[str, str], numbers: tuple[int, ...] = (1, 2, 3)) -> Path:
    folder.mkdir(parents=True)
    for number in numbers:
        Image.new("RGB", (640, 360), (number, 90, 60)).save(folder / f"{number}.png")
    for name, text in labels.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def as_csv() -> str:
    rows = [f"{number}.png,cat,{','.join(map(str, sides))}\n" for number, sides in BOXES.items()]
    return "filename,label,xmin,ymin,xmax,ymax\n" + "".join(rows)


def as_retinanet() -> str:
    return "".join(f"{number}.png,{','.join(map(str, sides))},cat\n" for number, sides in BOXES.items())


def as_via() -> str:
    entries = {}
    for number, (left, top, right, lower) in BOXES.items():
        rect = {"name": "rect", "x": left, "y": top, "width": right - left, "height": lower - top}
        region = {"shape_attributes": rect, "region_attributes": {"class": "cat"}}
        entries[f"{number}.png1"] = {"filename": f"{number}.png", "size": 1, "regions": [region], "file_attributes": {}}
    return json.dumps(entries)


def as_coco() -> str:
    images = [{"id": number, "file_name": f"{number}.png"} for number in BOXES]
    marks = [
        {"id": number, "image_id": number, "category_id": 1, "bbox": [left, top, right - left, lower - top]}
        for number, (left, top, right, lower) in BOXES.items()
    ]
    return json.dumps({"images": images, "annotations": marks, "categories": [{"id": 1, "name": "cat"}]})


def voc_files() -> dict[str, str]:
    def one(number: int, sides: tuple[int, int, int, int]) -> str:
        tags = "".join(
            f"<{tag}>{side}</{tag}>" for tag, side in zip(("xmin", "ymin", "xmax", "ymax"), sides, strict=True)
        )
        size = "<size><width>0</width><height>0</height></size>"
        marked = f"<object><name>cat</name><bndbox>{tags}</bndbox></object>"
        return f"<annotation><filename>{number}.png</filename>{size}{marked}</annotation>"

    return {f"{number}.xml": one(number, sides) for number, sides in BOXES.items()}


@pytest.mark.parametrize(
    "labels",
    [
        {"labels.csv": as_csv()},
        {"annotations.csv": as_retinanet(), "classes.csv": "cat,0\n"},
        {"via.json": as_via()},
        {"coco.json": as_coco()},
        voc_files(),
    ],
    ids=["csv", "retinanet", "via", "coco", "voc"],
)
def test_every_format_asks(tmp_path: Path, labels: dict[str, str]) -> None:
    """Of three boxes one was kept wrong, one was kept half, and one was dropped, with a remark only."""
    folder = folder_of(tmp_path / "set", labels)
    assert [one.kind for one in plan_folder(folder).questions] == [BEYOND]

    def count(plan: ImportPlan) -> list[int]:
        assert not plan.questions
        return [len(one.objects) for one in plan.candidates]

    assert count(plan_folder(folder, answers={BEYOND: "keep"})) == [1, 1, 1]
    assert count(plan_folder(folder, answers={BEYOND: "skip"})) == [1, 0, 0]


def test_our_own_exports_with_such_boxes_come_back_without_a_question(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Cats", "localization")
    folder = folder_of(tmp_path / "set", {"labels.csv": as_csv()})
    list(run_import(plan_folder(folder, answers={BEYOND: "keep"}), store, project.id, "ann"))
    for kind in WITH_BOXES:
        path = tmp_path / f"{kind}.zip"
        list(write_zip(store, project.id, kind, path))
        plan = plan_zip(path, path.name)
        assert not plan.questions, kind
        assert [len(one.objects) for one in plan.candidates] == [1, 0, 1], kind
    table = write_labels(store.label_rows(project.id))

    def kinds_of(text: str) -> list[str]:
        plan = plan_uploads([Upload("labels.csv", io.BytesIO(text.encode()))])
        plan = settle_known_boxes(plan, find_known(plan, store, project.id), store, project.id, NO_ANSWERS)
        return [one.kind for one in plan.questions]

    assert kinds_of(table) == [], "the project has these boxes"
    assert kinds_of(table.replace("600", "800")) == [BEYOND]


def test_training_from_a_table_asks_too(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", {"labels.csv": as_csv()})
    with pytest.raises(QuestionsOpen, match="2 boxes of 2 photos reach beyond their photo"):
        photos_of_table(folder / "labels.csv", folder, None)
    found, _ = photos_of_table(folder / "labels.csv", folder, None, answers={BEYOND: "skip"})
    assert [one.row.box is not None for one in found] == [True, False, False]
    assert len(photos_of_table(folder / "labels.csv", folder, None, boxes=False)[0]) == 3
    (folder / "resnet-studio.json").write_text("{}")
    assert photos_of_table(folder / "labels.csv", folder, None), "an unpacked export of ours"
