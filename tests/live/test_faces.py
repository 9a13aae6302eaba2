"""Face and eye crops: where the model looks, and what a frame without a face is."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import DataError
from core.inspection.predicting.predictor import Predictor
from core.live.faces.crop_folder import crop_folder
from core.live.faces.cropped_model import answer_crop
from core.live.faces.crops import checked_crop, cropped, crops_in
from core.live.faces.detector import face_detector
from core.live.frame_model import FrameModel
from core.live.session import LiveSession, Seen
from core.live.settings import LiveSettings
from core.live.timeline_csv import events_csv, timeline_csv
from tests.inspection.conftest import predictor
from tests.live.drawn_face import drawn_face

__all__ = ["predictor"]

EMPTY = Image.new("RGB", (640, 360), (90, 120, 90))
CLASSES = ("open", "closed")
ALARM = LiveSettings(smoothing="none", alarm_class="closed", threshold=0.6, alarm_seconds=1.0, window_seconds=4)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(("size", "centre", "scale"), [((1280, 720), (640, 360), 1.0), ((500, 700), (200, 300), 0.6)])
def test_a_face_and_its_eyes_are_found_in_the_pixels_of_the_frame(
    size: tuple[int, int], centre: tuple[int, int], scale: float, closed: bool
) -> None:
    [face] = face_detector().faces(drawn_face(size, centre, scale, closed=closed))
    for (x, y), side in zip(face.eyes, (-48, 48), strict=True):
        assert abs(x - centre[0] - scale * side) < 10 * scale and abs(y - centre[1] + scale * 18) < 15 * scale
    assert face.score > 0.8 and 190 * scale < face.box.width < 260 * scale


def test_the_largest_face_is_the_one() -> None:
    both = drawn_face(centre=(300, 360), scale=0.5, closed=False)
    both.paste(drawn_face((640, 720), (320, 360), closed=False), (640, 0))
    assert [round(one.box.x + one.box.width / 2, -2) for one in face_detector().faces(both)] == [1000, 300]
    [crop] = crops_in(both, "face")
    assert crop.x > 640


def test_crops_are_squares_inside_the_frame_and_show_one_eye_each() -> None:
    frame = drawn_face(centre=(1180, 200), closed=False)
    [face], eyes = crops_in(frame, "face"), crops_in(frame, "eyes")
    assert len(eyes) == 2
    for one in (face, *eyes):
        assert one.width == one.height and one.x >= 0 and one.x + one.width <= 1280 and one.y >= 0
    assert face.width > 3 * eyes[0].width
    for part, box in zip(cropped(frame, eyes), eyes, strict=True):
        pixels = np.asarray(part.convert("L"))
        assert pixels.shape == (box.height, box.width)
        assert pixels.min() < 60 and pixels.max() > 230, "the pupil and the white of the eye"
    assert eyes[0].x + eyes[0].width <= eyes[1].x + 5


def test_without_a_face_or_with_too_small_a_one_there_is_no_crop() -> None:
    assert crops_in(EMPTY, "face") == crops_in(EMPTY, "eyes") == []
    far = drawn_face(scale=0.2, closed=False)
    assert crops_in(far, "eyes") == [] and len(crops_in(far, "face")) == 1
    assert [(one.width, one.height) for one in crops_in(EMPTY, "whole")] == [(640, 360)]


def test_the_model_answers_the_crops_alone(predictor: Predictor) -> None:
    """The answer to eyes is the mean of both, and what lies around them does not matter."""
    model, frame = FrameModel(predictor, None), drawn_face(closed=False)
    found = answer_crop(model, frame, 1.5, "eyes")
    parts = [model.answer(part, 0).seen.probabilities for part in cropped(frame, found.crops)]
    assert found.answer is not None and found.answer.seen.at == 1.5 and len(parts) == 2
    assert found.answer.seen.probabilities == pytest.approx(np.mean(parts, axis=0))
    one = answer_crop(model, frame, 0, "face")
    assert one.answer is not None
    assert one.answer.seen.probabilities != pytest.approx(model.answer(frame, 0).seen.probabilities, abs=1e-4)
    assert answer_crop(model, EMPTY, 0, "face").answer is None
    whole = answer_crop(model, EMPTY, 0, "whole")
    assert whole.crops == () and whole.answer is not None


def seen(at: float, closed: float) -> Seen:
    return Seen(at, np.array([1 - closed, closed]))


def test_frames_without_a_face_are_no_answers_but_lines_of_their_own() -> None:
    session = LiveSession(CLASSES, None, ALARM, cropped=True)
    session.add(seen(0.0, 0.1))
    for at in (0.5, 0.9, 1.1):
        session.add_without_face(at)
    assert session.face_missing and len(session.answers) == 1 and len(session.without_face) == 3
    session.add(seen(1.4, 0.1))
    assert [(one.at, one.text) for one in session.events] == [(0.0, "open"), (1.1, "no face"), (1.4, "open")]
    rows = list(csv.DictReader(io.StringIO(timeline_csv(session))))
    assert [row["face"] for row in rows] == ["found", "no face", "no face", "no face", "found"]
    assert rows[1]["answer"] == rows[1]["closed"] == "" and rows[1]["alarm"] == "False" and rows[4]["answer"] == "open"
    assert "no face" in events_csv(session)
    assert not session.face_missing and session.warning == "", "missing faces are no slow answers"
    with pytest.raises(ValueError, match="does not follow"):
        session.add_without_face(1.4)
    anew = session.with_settings(ALARM.model_copy(update={"threshold": 0.05}))
    assert len(anew.without_face) == 3 and "no face" in [one.text for one in anew.events]


def test_an_alarm_goes_on_while_the_face_is_missing_and_none_begins() -> None:
    session = LiveSession(CLASSES, None, ALARM, cropped=True)
    for place in range(3):
        session.add(seen(place / 2, 0.9))
    assert session.answers[-1].sounding
    assert all(session.add_without_face(1.5 + place).sounding for place in range(4))
    assert not session.add(seen(6.0, 0.9)).sounding, "after a long gap, the seconds count anew"

    quiet = LiveSession(CLASSES, None, ALARM, cropped=True)
    quiet.add(seen(0.0, 0.9))
    assert not any(quiet.add_without_face(0.5 + place).sounding for place in range(4))
    assert not quiet.add(seen(4.5, 0.9)).sounding


def test_only_known_crops_are_for_classification_alone() -> None:
    assert checked_crop("eyes", "classification") == "eyes" and checked_crop("whole", "localization") == "whole"
    with pytest.raises(DataError, match="whole, face, eyes"):
        checked_crop("nose", "classification")
    with pytest.raises(DataError, match="boxes"):
        checked_crop("face", "localization")


def test_crops_of_a_folder_can_be_imported_with_both_eyes_as_a_group(tmp_path: Path) -> None:
    for name, closed in (("open/a.png", False), ("closed/a.png", True)):
        (tmp_path / "photos" / name).parent.mkdir(parents=True)
        drawn_face(closed=closed).save(tmp_path / "photos" / name)
    EMPTY.save(tmp_path / "photos" / "open" / "b.png")
    (tmp_path / "photos" / "open" / "c.jpg").write_bytes(b"no photo")
    found = crop_folder(tmp_path / "photos", "eyes", tmp_path / "crops")
    assert (found.photos, found.crops, len(found.refused)) == (3, 4, 1)
    assert [Path(one).as_posix() for one in found.without_face] == ["open/b.png"]
    with (tmp_path / "crops" / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["filename"], row["label"], row["group"]) for row in rows] == [
        (f"{label}/a-eye{eye}.jpg", label, f"{label}/a.png") for label in ("closed", "open") for eye in (1, 2)
    ]
    with Image.open(tmp_path / "crops" / rows[0]["filename"]) as crop:
        assert crop.width == crop.height > 60
