"""Files with several frames: nothing is chosen in silence, and all frames of one lie in one split."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.data.importing.import_plan import Candidate
from core.data.importing.photo_files import frame_questions
from core.data.importing.photo_files.frame_questions import FRAMES, settle_frames
from core.data.importing.plan_import import Upload, plan_folder, plan_uploads, plan_zip
from core.data.importing.table_photos import photos_of_table
from core.data.pictures.box import Box
from core.data.pictures.decoding import decode
from core.data.pictures.formats import frames
from core.data.tables.label_rows import LabelledBox, Problem
from core.data.tables.questions import Asking
from tests.data.pictures.test_frames import COLORS, animated


def still(format: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 12), "yellow").save(out, format)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in (("owl/clip.gif", animated("GIF")), ("duck/one.png", still()), ("duck/two.gif", still("GIF"))):
        path = tmp_path / "birds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "birds"


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_file_with_several_frames_is_asked_about(tmp_path: Path, format: str) -> None:
    suffix = {"TIFF": "tif", "PNG": "png"}.get(format, format.lower())
    (tmp_path / f"clip.{suffix}").write_bytes(animated(format))
    (tmp_path / "one.png").write_bytes(still())
    plan = plan_folder(tmp_path)
    [question] = plan.questions
    assert question.kind == FRAMES and f"such as clip.{suffix} with 3." in question.text
    assert [choice.key for choice in question.choices] == ["first", "all", "skip"]
    first, every, _ = question.choices
    assert [len(choice.photos) for choice in (first, every)] == [1, 3]
    shown = decode(every.photos[1].read(), every.photos[1].name).image
    red, green, blue = shown.getpixel((5, 5))  # type: ignore[misc]
    assert green > 100 > max(red, blue), "the second frame"


def test_no_file_with_several_frames_no_question(tmp_path: Path) -> None:
    for name, format in (("a.gif", "GIF"), ("b.png", "PNG"), ("c.webp", "WEBP"), ("d.tif", "TIFF"), ("e.jpg", "JPEG")):
        (tmp_path / name).write_bytes(still(format))
    (tmp_path / "broken.gif").write_bytes(b"GIF89a")
    assert plan_folder(tmp_path).questions == ()


def test_the_first_frame_is_taken_as_it_is(folder: Path) -> None:
    plan = plan_folder(folder, answers={"frames": "first"})
    assert sorted(one.name for one in plan.candidates) == ["duck/one.png", "duck/two.gif", "owl/clip.gif"]
    assert "answered: use the first frame of each file" in [problem.text for problem in plan.problems]


def test_all_frames_become_photos_of_one_group(folder: Path) -> None:
    plan = plan_folder(folder, answers={"frames": "all"})
    made = {one.name: one for one in plan.candidates}
    assert sorted(made) == ["duck/one.png", "duck/two.gif", *(f"owl/clip.gif#{number}.png" for number in (1, 2, 3))]
    of_clip = [made[f"owl/clip.gif#{number}.png"] for number in (1, 2, 3)]
    assert {(one.label, one.group) for one in of_clip} == {("owl", "owl/clip.gif")}
    assert made["duck/one.png"].group is None
    for one, color in zip(of_clip, COLORS, strict=True):
        assert decode(one.read(), one.name).image.getpixel((5, 5)) == Image.new("RGB", (1, 1), color).getpixel((0, 0))


def test_they_can_be_left_out(folder: Path) -> None:
    plan = plan_folder(folder, answers={"frames": "skip"})
    assert sorted(one.name for one in plan.candidates) == ["duck/one.png", "duck/two.gif"]


def test_zips_and_uploads_ask_too(folder: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(folder).as_posix())
    assert [one.kind for one in plan_zip(packed, "birds.zip").questions] == [FRAMES]
    uploads = [Upload("clip.gif", io.BytesIO(animated("GIF"))), Upload("one.png", io.BytesIO(still()))]
    assert [one.kind for one in plan_uploads(uploads).questions] == [FRAMES]


def test_a_group_of_the_table_stays(tmp_path: Path) -> None:
    (tmp_path / "scan.tif").write_bytes(animated("TIFF"))
    (tmp_path / "labels.csv").write_text("filename,label,patient\nscan.tif,ill,7\n", encoding="utf-8")
    plan = plan_folder(tmp_path, answers={"frames": "all"})
    assert {(one.label, one.group) for one in plan.candidates} == {("ill", "7")} and len(plan.candidates) == 3


def candidate(name: str, read: Callable[[], bytes], boxed: bool = False) -> Candidate:
    objects = (LabelledBox("owl", Box(1, 1, 5, 5)),) if boxed else ()
    return Candidate(name, "owl", None, objects[0].box if objects else None, read, objects)


def test_boxes_belong_to_the_first_frame_and_it_is_said() -> None:
    problems: list[Problem] = []
    one = candidate("clip.gif", lambda: animated("GIF"), boxed=True)
    first, *others = settle_frames([one], problems, Asking({"frames": "all"}))
    assert (first.label, len(first.objects)) == ("owl", 1)
    assert [(other.label, other.objects, other.box) for other in others] == [(None, (), None)] * 2
    assert problems[0].harmless and "used for its first frame" in problems[0].text


def test_of_very_many_frames_the_first_are_used_and_it_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (frames, frame_questions):
        monkeypatch.setattr(module, "MAX_FRAMES", 2)
    problems: list[Problem] = []
    found = settle_frames([candidate("clip.gif", lambda: animated("GIF"))], problems, Asking({"frames": "all"}))
    assert [one.name for one in found] == ["clip.gif#1.png", "clip.gif#2.png"]
    [problem] = problems
    assert not problem.harmless and problem.text.startswith("clip.gif has more than 2 frames; only the first 2")


def test_of_a_png_only_the_beginning_is_read() -> None:
    class File:
        def __call__(self) -> bytes:
            raise AssertionError("read whole")

        def head(self, count: int) -> bytes:
            return still()[:count]

    assert len(settle_frames([candidate("one.png", File())], [], Asking())) == 1


def test_a_training_from_a_table_says_that_it_takes_the_first_frame(tmp_path: Path) -> None:
    (tmp_path / "clip.gif").write_bytes(animated("GIF"))
    (tmp_path / "one.png").write_bytes(still())
    labels = tmp_path / "labels.csv"
    labels.write_text("filename,label\nclip.gif,owl\none.png,duck\n", encoding="utf-8")
    photos, problems = photos_of_table(labels, tmp_path, None)
    assert len(photos) == 2
    assert [(one.text, one.harmless) for one in problems] == [("clip.gif: first of 3 frames", True)]
