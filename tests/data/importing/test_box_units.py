"""Fractions and percent that reach beyond their photo, or have their centre first, and sources with several units."""

import json
from pathlib import Path

import pytest
from PIL import Image

from core.data.importing.box_frames import BEYOND, COPIES, ORIENTATION, PLACE, SIZE, UNIT, BoxedPhoto, settle_boxes
from core.data.importing.formats.image_size import StoredSize
from core.data.importing.plan_import import plan_folder
from core.data.pictures.box import Box
from core.data.tables.label_rows import BoxFrame, LabelledBox
from core.data.tables.labels_csv import read_labels
from core.data.tables.questions import NO_ANSWERS, Asking, Question

Sides = tuple[float, float, float, float]


def no_file() -> bytes:
    raise AssertionError("the size is known")


def photo(
    *boxes: Sides,
    size: tuple[int, int] = (400, 300),
    frame: BoxFrame | None = None,
    orientation: int = 1,
    name: str = "a.jpg",
    trusted: bool = False,
) -> BoxedPhoto:
    objects = tuple(LabelledBox("owl", Box(*box)) for box in boxes)
    return BoxedPhoto(name, objects, frame or BoxFrame(), no_file, StoredSize(*size, orientation), trusted)


def asked(*photos: BoxedPhoto, **answers: str) -> list[Question]:
    asking = Asking(named(answers))
    settle_boxes(photos, asking)
    return [*asking.open]


def named(answers: dict[str, str]) -> dict[str, str]:
    return {f"box-{kind}": key for kind, key in answers.items()}


def settled(*photos: BoxedPhoto, **answers: str) -> list[list[Sides]]:
    asking = Asking(named(answers) or NO_ANSWERS)
    found, _ = settle_boxes(photos, asking)
    assert not asking.open
    return [[(one.box.x, one.box.y, one.box.width, one.box.height) for one in found[photo.name]] for photo in photos]


def keys(question: Question) -> list[str]:
    return [choice.key for choice in question.choices]


PLAIN = BoxFrame(read_as="corner")
"""Of a table with x, y, width and height, or COCO."""


@pytest.mark.parametrize(
    ("box", "scaled"),
    [
        ((0.6, 0.5, 0.41, 0.5), (240, 150, 164, 150)),  # ends at 1.01
        ((0.9, 0.8, 0.2, 0.4), (360, 240, 80, 120)),  # a centre
        ((-0.05, 0.1, 0.3, 0.2), (-20, 30, 120, 60)),
        ((0, 0, 1, 1), (0, 0, 400, 300)),
    ],
)
def test_fractions_that_reach_beyond_the_photo_are_asked(box: Sides, scaled: Sides) -> None:
    """One that ended at 1.01 stayed half a pixel large without a word."""
    [question] = asked(photo(box))
    assert question.kind == UNIT and keys(question) == ["fractions", "pixels", "skip"]
    keep = {"beyond": "keep"} if scaled[0] + scaled[2] > 420 or scaled[1] + scaled[3] > 315 else {}
    assert settled(photo(box), unit="fractions", **keep) == [[scaled]]


@pytest.mark.parametrize(
    ("box", "scaled"), [((60, 50, 41, 50), (240, 150, 164, 150)), ((55, 50, 50, 40), (220, 150, 200, 120))]
)
def test_percentages_that_reach_beyond_the_photo_are_asked(box: Sides, scaled: Sides) -> None:
    [question] = asked(photo(box))
    assert question.kind == UNIT and keys(question) == ["percent", "pixels", "skip"]
    assert settled(photo(box), unit="percent") == [[scaled]]


@pytest.mark.parametrize("box", [(1, 1, 1, 1), (2, 2, 1, 1), (90, 90, 80, 80), (20, 30, 101, 40), (10, 10, 2, 2)])
def test_pixels_are_not_asked(box: Sides) -> None:
    assert not asked(photo(box, (200, 100, 90, 90)))


def test_small_boxes_of_small_photos_are_not_asked() -> None:
    assert not asked(photo((20, 30, 40, 50), size=(150, 120), frame=PLAIN))


def test_an_answer_changes_the_boxes_that_were_shown_and_no_others() -> None:
    mixed = photo((0.6, 0.5, 0.41, 0.5), (100, 100, 50, 50)), photo((10, 20, 30, 40), name="b.jpg")
    [question] = asked(*mixed)
    assert question.text.startswith(
        "1 box lies in the first pixels of the photo, such as (0.6, 0.5, 0.41, 0.5) of a.jpg. "
        "The other 2 boxes are larger and not changed. Are the numbers fractions of the photo (0 to 1), or pixels?"
    )
    assert [shown.name for shown in question.choices[0].photos] == ["a.jpg"]
    others: list[Sides] = [(100, 100, 50, 50)]
    assert settled(*mixed, unit="fractions") == [[(240, 150, 164, 150), *others], [(10, 20, 30, 40)]]
    assert settled(*mixed, unit="skip") == [others, [(10, 20, 30, 40)]]
    assert settled(*mixed, unit="pixels") == [[(0.6, 0.5, 0.41, 0.5), *others], [(10, 20, 30, 40)]]


def test_the_whole_photo_in_whole_numbers_is_scaled_with_the_other_fractions() -> None:
    photos = photo((0, 0, 1, 1)), photo((0.25, 0.5, 0.5, 0.25), name="b.jpg")
    assert settled(*photos, unit="fractions") == [[(0, 0, 400, 300)], [(100, 150, 200, 75)]]


def test_percent_with_a_tiny_box_among_them_can_be_chosen() -> None:
    """Only fractions were offered, of the tiny box alone."""
    photos = photo((0.5, 0.5, 1, 1.2)), photo((20, 30, 40, 50), name="b.jpg")
    [question] = asked(*photos)
    assert keys(question) == ["fractions", "percent", "pixels", "skip"]
    assert settled(*photos, unit="percent") == [[(2, 1.5, 4, 3.6)], [(80, 90, 160, 150)]]
    found = settled(*photos, unit="fractions", beyond="keep")
    assert found == [[(200, 150, 400, 360)], [(20, 30, 40, 50)]]


def test_percent_in_a_part_of_the_photos_is_asked_for_these() -> None:
    percent = [photo((20, 30, 40, 50), name=f"{at}.jpg") for at in range(3)]
    others = [photo((200, 100, 90, 90), name=f"p{at}.jpg") for at in range(9)]
    [question] = asked(*percent, *others)
    assert question.kind == UNIT and "The other 9 boxes are larger and not changed." in question.text
    found = settled(*percent, *others, unit="percent")
    assert found == [[(80, 90, 160, 150)]] * 3 + [[(200, 100, 90, 90)]] * 9
    assert not asked(*percent, *others, photo((200, 100, 90, 90), name="one more.jpg")), "small objects in a corner"


def test_a_photo_that_is_wide_and_low_is_large_too() -> None:
    assert asked(photo((20, 30, 40, 50), size=(640, 150)))[0].kind == UNIT


def test_our_own_data_is_never_percent() -> None:
    assert not asked(photo((20, 30, 40, 50), trusted=True))


# --- the centre -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "whole"), [("fractions", 1), ("percent", 100)])
def test_where_the_unit_is_asked_x_and_y_may_be_the_centre(unit: str, whole: int) -> None:
    box = (0.5 * whole, 0.6 * whole, 0.4 * whole, 0.2 * whole)
    [question] = asked(photo(box, frame=PLAIN))
    assert keys(question) == [unit, f"{unit}-centre", "pixels", "skip"]
    assert question.text.endswith(", or pixels, and do x and y give the upper left corner or the centre?")
    assert question.choices[1].photos[0].boxes == (("owl", Box(120, 150, 160, 60)),)
    assert settled(photo(box, frame=PLAIN), unit=unit) == [[(200, 180, 160, 60)]]
    assert settled(photo(box, frame=PLAIN), unit=f"{unit}-centre") == [[(120, 150, 160, 60)]]
    assert keys(asked(photo(box))[0]) == [unit, "pixels", "skip"], "the columns say that it is the corner"


def test_fractions_that_fit_only_as_corners_are_not_offered_as_centres() -> None:
    assert keys(asked(photo((0.1, 0.1, 0.8, 0.8), frame=PLAIN))[0]) == ["fractions", "pixels", "skip"]
    both = photo((0.1, 0.1, 0.8, 0.8), (0.9, 0.9, 0.2, 0.2), (0.8, 0.9, 0.3, 0.1), frame=PLAIN)
    assert "fractions-centre" in keys(asked(both)[0]), "as corners, more of them do not fit"


def test_centres_in_pixels_are_asked_where_a_box_does_not_fit_as_a_corner() -> None:
    photos = photo((200, 150, 100, 90), frame=PLAIN), photo((330, 200, 120, 80), frame=PLAIN, name="b.jpg")
    [question] = asked(*photos)
    assert question.kind == PLACE and keys(question) == ["centre", "corner"]
    assert question.text == (
        "1 box reaches beyond the photo if x and y are the upper left corner, such as (330, 200, 120, 80) of b.jpg, "
        "and the boxes fit if they are not. What do the four numbers mean?"
    )
    assert [shown.name for shown in question.choices[0].photos] == ["b.jpg", "a.jpg"]
    assert settled(*photos, place="centre") == [[(150, 105, 100, 90)], [(270, 160, 120, 80)]]
    corners = settled(*photos, place="corner", beyond="keep")
    assert corners == [[(200, 150, 100, 90)], [(330, 200, 120, 80)]]


def test_two_corners_in_the_columns_of_a_size_can_be_chosen() -> None:
    photos = photo((100, 80, 350, 280), frame=PLAIN), photo((10, 20, 90, 120), frame=PLAIN, name="b.jpg")
    [question] = asked(*photos)
    assert question.kind == PLACE and keys(question) == ["corners", "corner"]
    assert settled(*photos, place="corners") == [[(100, 80, 250, 200)], [(10, 20, 80, 100)]]


def test_boxes_that_all_fit_as_corners_are_corners() -> None:
    assert not asked(photo((200, 150, 100, 90), frame=PLAIN))
    assert not asked(photo((200, 150, 100, 90), (310, 10, 91, 30), frame=PLAIN)), "others round"


def test_one_wrong_box_does_not_hide_that_the_others_are_centres() -> None:
    centres = [(350.0, 250.0, 90.0, 80.0)] * 10
    assert asked(photo(*centres, (5, 5, 60, 60), frame=PLAIN))[0].kind == PLACE
    assert asked(photo(*centres[:9], (5, 5, 60, 60), frame=PLAIN))[0].kind != PLACE


def test_a_photo_that_is_stored_on_its_side_explains_the_box() -> None:
    """Drawn on the stored photo, it fits as a corner: that is asked, and nothing else."""
    one = photo((300, 20, 90, 80), orientation=6, frame=PLAIN)
    assert [question.kind for question in asked(one)] == [ORIENTATION]


def test_the_upper_left_corner_in_a_format_of_centres_is_asked() -> None:
    """YOLO's x and y are the centre; here, 0.1 of 400 pixels was the left edge, and the box lay half outside."""
    frame = BoxFrame(relative=True, read_as="centre")
    one = photo((-40, 100, 160, 60), (150, 100, 80, 60), frame=frame)
    [question] = asked(one)
    assert question.kind == PLACE and "(40, 130, 160, 60) of a.jpg" in question.text
    assert settled(one, place="corner") == [[(40, 130, 160, 60), (190, 130, 80, 60)]]
    assert settled(one, place="centre") == [[(-40, 100, 160, 60), (150, 100, 80, 60)]]


def test_two_corners_in_a_format_of_centres_are_asked() -> None:
    frame = BoxFrame(relative=True, read_as="centre")
    one = photo((0, 0, 400, 300), (-140, -105, 360, 270), frame=frame)  # 0.5 0.5 1 1 and 0.1 0.1 0.9 0.9
    [question] = asked(one)
    assert question.kind == PLACE and keys(question) == ["corners", "centre"]
    assert settled(one, place="corners") == [[(200, 150, 200, 150), (40, 30, 320, 240)]]


def table(text: str) -> dict[str, str]:
    return {"labels.csv": "filename,label,x,y,width,height\n" + text}


def coco(*boxes: Sides) -> dict[str, str]:
    marks = [{"id": at, "image_id": 1, "category_id": 1, "bbox": box} for at, box in enumerate(boxes)]
    images = [{"id": 1, "file_name": "a.png"}]
    content = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "owl"}]}
    return {"all.json": json.dumps(content)}


def hugging_face(*boxes: Sides) -> dict[str, str]:
    objects = {"bbox": boxes, "categories": ["owl"] * len(boxes)}
    return {"metadata.jsonl": json.dumps({"file_name": "a.png", "objects": objects}) + "\n"}


@pytest.mark.parametrize(
    ("files", "answers", "expected"),
    [
        (table("a.png,owl,330,200,120,80\n"), {PLACE: "centre"}, (270, 160, 120, 80)),
        (table("a.png,owl,0.5,0.6,0.4,0.2\n"), {UNIT: "fractions-centre"}, (120, 150, 160, 60)),
        (coco((330, 200, 120, 80)), {PLACE: "centre"}, (270, 160, 120, 80)),
        (coco((200, 150, 300, 200)), {"box-corners": "centre"}, (50, 50, 300, 200)),
        (coco((0.6, 0.5, 0.41, 0.5)), {UNIT: "fractions-centre"}, (158, 75, 164, 150)),
        (hugging_face((330, 200, 120, 80)), {PLACE: "centre"}, (270, 160, 120, 80)),
        ({"classes.txt": "owl\n", "a.txt": "0 0.1 0.2 0.5 0.3\n"}, {PLACE: "corner"}, (40, 60, 200, 90)),
    ],
    ids=["csv", "csv fractions", "coco", "coco or corners", "coco fractions", "hugging face", "yolo"],
)
def test_every_format_in_which_people_write_the_other_asks(
    tmp_path: Path, files: dict[str, str], answers: dict[str, str], expected: Sides
) -> None:
    Image.new("RGB", (400, 300), "olive").save(tmp_path / "a.png")
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [question.kind for question in plan_folder(tmp_path).questions] == [*answers]
    plan = plan_folder(tmp_path, answers=answers)
    [found] = plan.candidates[0].objects
    assert not plan.questions and (found.box.x, found.box.y, found.box.width, found.box.height) == expected


def test_minus_one_in_all_cells_is_no_box() -> None:
    read = read_labels(table("a.png,owl,-1,-1,-1,-1\nb.png,owl,1,2,3,4\n")["labels.csv"].encode(), "labels.csv")
    assert [row.box for row in read.rows] == [None, Box(1, 2, 3, 4)]
    assert [(one.text, one.harmless) for one in read.problems] == [('1 row has "-1" instead of a box, so no box', True)]


# --- fractions, and the size and turn of their photo ----------------------------------------------------------------


def test_fractions_keep_their_place_in_a_photo_that_was_reduced() -> None:
    """They were scaled once as fractions, and once more with the photo."""
    one = photo((0.1, 0.2, 0.5, 0.4), size=(320, 240), frame=BoxFrame((640, 480)))
    assert [question.kind for question in asked(one, unit="fractions")] == []
    assert settled(one, unit="fractions") == [[(32, 48, 160, 96)]]
    assert [question.kind for question in asked(one, unit="pixels")] == [SIZE]


@pytest.mark.parametrize("said", [(400, 300), (800, 600)])
def test_fractions_of_a_photo_on_its_side_turn_with_it(said: tuple[int, int]) -> None:
    one = photo((0.1, 0.1, 0.2, 0.2), orientation=6, frame=BoxFrame(said))
    turned = StoredSize(400, 300, 6).turn(Box(40, 30, 80, 60))
    assert settled(one, unit="fractions") == [[(turned.x, turned.y, turned.width, turned.height)]]


def test_fractions_of_a_photo_on_its_side_are_parts_of_the_photo_that_was_chosen() -> None:
    """They were scaled by the upright photo and then turned as if they were pixels of the stored one."""
    one = photo((0.1, 0.1, 0.2, 0.2), orientation=6)
    assert [question.kind for question in asked(one)] == [UNIT, ORIENTATION]
    assert settled(one, unit="fractions", orientation="upright") == [[(30, 40, 60, 80)]]
    turned = StoredSize(400, 300, 6).turn(Box(40, 30, 80, 60))
    [[found]] = settled(one, unit="fractions", orientation="stored")
    assert found == pytest.approx((turned.x, turned.y, turned.width, turned.height))


def test_in_one_photo_pixels_are_scaled_and_fractions_are_not() -> None:
    one = photo((0.1, 0.2, 0.5, 0.4), (320, 240, 64, 48), size=(320, 240), frame=BoxFrame((640, 480)))
    assert settled(one, unit="fractions", size="scale") == [[(32, 48, 160, 96), (160, 120, 32, 24)]]
    assert settled(one, unit="fractions", size="skip") == [[(32, 48, 160, 96)]]


# --- parts of a thousand, and smaller copies ------------------------------------------------------------------------

LARGE = (4000, 3000)


def thousandths(size: tuple[int, int], least: int = 3) -> list[BoxedPhoto]:
    boxes: list[Sides] = [(600, 500, 350, 450), (100, 200, 300, 300), (450, 50, 500, 500)]
    return [photo(boxes[at % 3], size=size, name=f"{at}.jpg") for at in range(least)]


@pytest.mark.parametrize(("size", "photos"), [(LARGE, 3), ((1600, 1200), 5)])
def test_parts_of_a_thousand_are_asked_in_photos_that_have_more_pixels(size: tuple[int, int], photos: int) -> None:
    """As vision models give them; they were kept as pixels of the upper left part."""
    some = thousandths(size, photos)
    [question] = asked(*some)
    assert question.kind == COPIES and keys(question) == ["thousandths", "keep", "skip"]
    assert settled(*some, copies="thousandths")[0] == [(0.6 * size[0], 0.5 * size[1], 0.35 * size[0], 0.45 * size[1])]
    assert settled(*some, copies="keep")[0] == [(600, 500, 350, 450)]
    assert settled(*some, copies="skip")[0] == []


def test_parts_of_a_thousand_are_offered_where_boxes_reach_beyond_smaller_photos() -> None:
    some = thousandths((640, 480))
    [question] = asked(*some)
    assert question.kind == BEYOND and keys(question) == ["thousandths", "keep", "skip"]
    assert "or are all numbers parts of a thousand (0 to 1000)?" in question.text
    assert settled(*some, beyond="thousandths")[0] == [(384, 240, 224, 216)]


def test_boxes_of_smaller_copies_are_asked() -> None:
    some = [photo((300, 200, 900, 800), size=LARGE, name=f"{at}.jpg") for at in range(3)]
    [question] = asked(*some)
    assert question.kind == COPIES and keys(question) == ["keep", "skip"]
    assert "all lie in the first 1,200 × 1,000 pixels, such as (300, 200, 900, 800) of 0.jpg" in question.text
    assert "4,000 × 3,000 pixels" in question.text and "columns image_width and image_height" in question.text


@pytest.mark.parametrize(
    "other",
    [
        photo((1900, 200, 300, 300), size=LARGE, name="to the right.jpg"),
        photo((200, 1400, 300, 300), size=LARGE, name="lower.jpg"),
    ],
)
def test_boxes_in_other_parts_of_the_photos_are_not_asked(other: BoxedPhoto) -> None:
    some = [photo((300, 200, 900, 800), size=LARGE, name=f"{at}.jpg") for at in range(3)]
    assert not asked(*some, other)
    assert not asked(*some[:2]), "two photos show nothing"
    said = BoxFrame(LARGE)
    assert not asked(*(photo((300, 200, 900, 800), size=LARGE, frame=said, name=f"{at}.jpg") for at in range(3)))
