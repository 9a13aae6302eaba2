"""Boxes in other units, of other sizes, and of photos that are stored turned."""

import io

import pytest
from PIL import Image

from core.data.importing.box_frames import ORIENTATION, SIZE, UNIT, BoxedPhoto, settle_boxes
from core.data.importing.formats.image_size import StoredSize, size_of, stored_size_of
from core.data.pictures.box import Box
from core.data.pictures.decoding import decode
from core.data.tables.label_rows import BoxFrame, LabelledBox
from core.data.tables.questions import NO_ANSWERS, Asking


def jpeg(width: int, height: int, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    out = io.BytesIO()
    Image.new("RGB", (width, height), (40, 90, 60)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def photo(
    box: tuple[float, float, float, float],
    size: tuple[int, int] = (400, 300),
    frame: BoxFrame | None = None,
    orientation: int = 1,
    name: str = "a.jpg",
) -> BoxedPhoto:
    raw = jpeg(*size, orientation)
    return BoxedPhoto(name, (LabelledBox("owl", Box(*box)),), frame or BoxFrame(), lambda: raw)


def settled(one: BoxedPhoto, answers: dict[str, str] | None = None) -> Box:
    return settle_boxes([one], Asking(answers or NO_ANSWERS))[0][one.name][0].box


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_turns_as_pillow_turns_the_photo(orientation: int) -> None:
    """A white rectangle is where its box is, in each of EXIF's orientations."""
    image = Image.new("RGB", (64, 48))
    image.paste((255, 255, 255), (8, 16, 32, 24))
    exif = Image.Exif()
    exif[274] = orientation
    out = io.BytesIO()
    image.save(out, "PNG", exif=exif)
    stored = stored_size_of(out.getvalue())
    assert stored is not None and (stored.width, stored.height, stored.orientation) == (64, 48, orientation)
    upright = decode(out.getvalue(), "a.png").image
    assert stored.upright == upright.size == size_of(out.getvalue())
    box = stored.turn(Box(8, 16, 24, 8))
    left, upper, right, lower = upright.convert("L").getbbox() or (0, 0, 0, 0)
    assert box == Box(left, upper, right - left, lower - upper)


def test_fractions_are_asked_and_scaled() -> None:
    one = photo((0.1, 0.2, 0.5, 0.4))
    asking = Asking()
    assert settle_boxes([one], asking)[0]["a.jpg"][0].box == Box(0.1, 0.2, 0.5, 0.4)
    [question] = asking.open
    assert question.kind == UNIT and "1 box lies in the first pixel of the photo" in question.text
    assert [choice.key for choice in question.choices] == ["fractions", "pixels", "skip"]
    assert question.choices[0].photos[0].boxes == (("owl", Box(40, 60, 200, 120)),)
    assert settled(one, {UNIT: "fractions"}) == Box(40, 60, 200, 120)
    assert settled(one, {UNIT: "pixels"}) == Box(0.1, 0.2, 0.5, 0.4)
    assert settle_boxes([one], Asking({UNIT: "skip"}))[0] == {"a.jpg": ()}


def test_only_the_boxes_in_fractions_are_scaled() -> None:
    raw = jpeg(400, 300)
    objects = (LabelledBox("owl", Box(0.5, 0.5, 0.25, 0.25)), LabelledBox("owl", Box(100, 100, 50, 50)))
    found, _ = settle_boxes([BoxedPhoto("a.jpg", objects, BoxFrame(), lambda: raw)], Asking({UNIT: "fractions"}))
    assert [one.box for one in found["a.jpg"]] == [Box(200, 150, 100, 75), Box(100, 100, 50, 50)]


def test_percent_is_asked_where_all_boxes_lie_in_the_first_hundred_pixels_of_large_photos() -> None:
    one = photo((10, 20, 50, 40))
    assert settled(one, {UNIT: "percent"}) == Box(40, 60, 200, 120)
    far = photo((10, 20, 150, 40), name="b.jpg")
    asking = Asking()
    settle_boxes([one, far], asking)
    assert not asking.open, "a box beyond 100 is no percentage"
    asking = Asking()
    settle_boxes([photo((10, 20, 50, 40), (120, 110))], asking)
    assert not asking.open, "in a small photo such a box is usual"


def test_another_size_is_asked_with_both_sizes_and_scaled() -> None:
    one = photo((40, 30, 200, 120), (320, 240), BoxFrame((640, 480)))
    asking = Asking()
    settle_boxes([one], asking)
    [question] = asking.open
    assert question.kind == SIZE and "320 × 240" in question.text and "640 × 480" in question.text
    assert settled(one, {SIZE: "scale"}) == Box(20, 15, 100, 60)
    assert settled(one, {SIZE: "keep"}) == Box(40, 30, 200, 120)


def test_the_size_of_the_stored_photo_turns_its_boxes() -> None:
    one = photo((110, 20, 30, 40), (400, 300), BoxFrame((400, 300)), orientation=6)
    asking = Asking()
    found, [remark] = settle_boxes([one], asking)
    assert not asking.open and remark.harmless and "turned with the photo" in remark.text
    assert found["a.jpg"][0].box == Box(300 - 20 - 40, 110, 40, 30)
    upright = photo((110, 20, 30, 40), (400, 300), BoxFrame((300, 400)), orientation=6)
    assert settle_boxes([upright], asking) == ({"a.jpg": upright.objects}, []) and not asking.open


def test_a_resized_turned_photo_is_scaled_and_turned() -> None:
    one = photo((20, 40, 60, 80), (400, 300), BoxFrame((800, 600)), orientation=6)
    assert settled(one, {SIZE: "scale"}) == Box(300 - 20 - 40, 10, 40, 30)


@pytest.mark.parametrize("frame", [BoxFrame(), BoxFrame((400, 300))])
def test_a_half_turn_is_asked(frame: BoxFrame) -> None:
    one = photo((110, 20, 30, 40), (400, 300), frame, orientation=3)
    asking = Asking()
    settle_boxes([one], asking)
    assert [question.kind for question in asking.open] == [ORIENTATION]
    assert settled(one, {ORIENTATION: "upright"}) == Box(110, 20, 30, 40)
    assert settled(one, {ORIENTATION: "stored"}) == Box(260, 240, 30, 40)


def test_fractions_of_a_turned_photo_are_asked() -> None:
    """YOLO's numbers say no size; here they are pixels of the upright photo already."""
    one = photo((30, 40, 60, 80), (400, 300), BoxFrame(relative=True), orientation=6)
    assert settled(one, {ORIENTATION: "upright"}) == Box(30, 40, 60, 80)
    # 0.1, 0.1, 0.2, 0.2 of 400 by 300 stored pixels, turned clockwise.
    assert settled(one, {ORIENTATION: "stored"}) == StoredSize(400, 300, 6).turn(Box(40, 30, 80, 60))


def test_photos_that_cannot_be_read_keep_their_boxes_for_the_import_to_report() -> None:
    one = BoxedPhoto("a.jpg", (LabelledBox("owl", Box(0.1, 0.1, 0.5, 0.5)),), BoxFrame(), lambda: b"no picture")
    asking = Asking()
    assert settle_boxes([one], asking) == ({}, []) and not asking.open
