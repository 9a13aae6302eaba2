"""Long lines of YOLO text: outlines, or boxes with a confidence, a track or key points, which is asked."""

from pathlib import Path

import pytest

from core.data.importing.formats.reading.yolo_long_lines import LINES
from core.data.importing.import_plan import ImportPlan
from tests.data.importing.formats.small_sets import boxes, photos, plan, problems, put, questions, remarks

BOX = "0 0.5 0.5 0.2 0.25"
AS_BOX = ("ant", 40, 30, 20, 20)


def read(folder: Path, *lines: str, answer: str | None = None) -> ImportPlan:
    files = {f"labels/{number}.txt": f"{line}\n" for number, line in enumerate(lines)}
    pictures = photos(*(f"images/{number}.png" for number in range(len(lines))), width=100, height=80)
    return plan(put(folder, pictures, files, {"classes.txt": "ant\n"}), {LINES: answer} if answer else None)


@pytest.mark.parametrize(
    "more",
    [
        "0.87 1",  # a confidence and a track
        "1 0.87",
        "0.87 0",
        "0.1 0.1 1 0.9 0.9 1",  # key points with a visibility, also outside the box
        "0.1 0.1 1 0 0 0",
        "0.9 0.1 0.1 1",  # a confidence and a key point
        "0.45 0.45 0.9 0.55 0.5 0.2",  # key points with a confidence, in the box
    ],
)
def test_a_box_with_more_numbers_is_asked_and_no_outline_in_silence(tmp_path: Path, more: str) -> None:
    """The box around four numbers of a box and others lay elsewhere, with a remark about outlines."""
    [question] = (found := read(tmp_path, f"{BOX} {more}", f"{BOX} {more}")).questions
    assert question.id == LINES and [one.key for one in question.choices] == ["outlines", "boxes", "skip"]
    outline, box, skipped = question.choices
    assert [len(one.photos) for one in (outline, box, skipped)] == [2, 2, 0]
    assert box.photos[0].boxes != outline.photos[0].boxes and not problems(found)
    assert {label for one in (outline, box) for photo in one.photos for label, _ in photo.boxes} == {"ant"}
    found = read(tmp_path, f"{BOX} {more}", f"{BOX} {more}", answer="boxes")
    assert boxes(found) == {"0.png": [AS_BOX], "1.png": [AS_BOX]}
    assert any(
        text.startswith("2 lines have more numbers after the box, which are not used") for text in remarks(found)
    )
    assert boxes(read(tmp_path, f"{BOX} {more}", answer="skip")) == {"0.png": [], "1.png": []}


def test_a_class_without_a_name_is_shown_by_its_number(tmp_path: Path) -> None:
    [question] = read(tmp_path, f"{BOX} 0.87 1", f"7{BOX[1:]} 0.87 1").questions
    assert [label for photo in question.choices[1].photos for label, _ in photo.boxes] == ["ant", "7"]


@pytest.mark.parametrize("more", ["0.87 17", "0.1 0.1 2 0 0 0", "0.4 0.4 1", "0.4 0.4 2 0.5 0.5 0 0.5 0.5 1"])
def test_what_cannot_be_an_outline_is_offered_as_a_box_only(tmp_path: Path, more: str) -> None:
    [question] = read(tmp_path, f"{BOX} {more}").questions
    assert question.id == LINES and [one.key for one in question.choices] == ["boxes", "skip"]
    assert boxes(read(tmp_path, f"{BOX} {more}", answer="boxes")) == {"0.png": [AS_BOX]}


@pytest.mark.parametrize(
    "lines",
    [
        ("0 0.5 0.5 0.2 0.25 0.87 1", "0 0.1 0.1 0.3 0.1 0.2 0.5 0.1 0.3"),  # several lengths
        ("0 0.5 0.5 0.2 0.25 0.87 0.4",),  # the last number is no track
        ("0 0.9 0.5 0.4 0.25 0.87 1",),  # the box would reach beyond the photo
        ("0 0.5 0.5 0.2 0.25 0.87 1", "0 0.1 0.1 0.3 0.1 0.2 0.5"),  # not all lines fit
        ("0 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9",),  # a turned box
    ],
)
def test_outlines_are_not_asked(tmp_path: Path, lines: tuple[str, ...]) -> None:
    found = read(tmp_path, *lines)
    assert not found.questions and not problems(found)
    assert any("the box around" in text for text in remarks(found))


def test_key_points_that_the_settings_say_need_no_answer(tmp_path: Path) -> None:
    settings = "names: [ant]\nkpt_shape: [2, 3]\n"
    files = {"labels/0.txt": f"{BOX} 0.1 0.1 1 0.9 0.9 1\n", "data.yaml": settings}
    found = plan(put(tmp_path, photos("images/0.png", width=100, height=80), files))
    assert questions(found) == [] and boxes(found) == {"0.png": [AS_BOX]}
