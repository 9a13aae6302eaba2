"""Data sets of other tools: read as documented, bad boxes reported, and exported and imported without loss."""

import json
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data.importing.formats import coco, hugging_face, voc, yolo
from core.data.importing.formats.manifest import FILE_NAME
from core.data.importing.formats.write_zip import WITH_BOXES, WITHOUT_BOXES, write_zip
from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_files import plan_from_files
from core.data.importing.plan_import import plan_folder, plan_zip, run_import
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.data.tables.questions import Asking
from core.errors import DataError, LabelsError
from tests.data.builders import add, open_store

# Pascal VOC 2007, Annotations/000001.xml, as in the development kit's documentation.
VOC = """<annotation>
	<folder>VOC2007</folder>
	<filename>000001.jpg</filename>
	<source><database>The VOC2007 Database</database><annotation>PASCAL VOC2007</annotation></source>
	<size><width>353</width><height>500</height><depth>3</depth></size>
	<segmented>0</segmented>
	<object>
		<name>dog</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>
		<bndbox><xmin>48</xmin><ymin>240</ymin><xmax>195</xmax><ymax>371</ymax></bndbox>
	</object>
	<object>
		<name>person</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>
		<bndbox><xmin>8</xmin><ymin>12</ymin><xmax>352</xmax><ymax>498</ymax></bndbox>
	</object>
</annotation>
"""
# The COCO format as MMDetection's documentation shows it, with a picture of val2014.
COCO = {
    "images": [{"file_name": "COCO_val2014_000000001268.jpg", "height": 427, "width": 640, "id": 1268}],
    "annotations": [
        {
            "segmentation": [[192.81, 247.09, 192.81, 230.51, 224.8, 258.23]],
            "area": 1035.749,
            "iscrowd": 0,
            "image_id": 1268,
            "bbox": [192.81, 224.8, 74.73, 33.43],
            "category_id": 16,
            "id": 42986,
        }
    ],
    "categories": [{"id": 16, "name": "bird"}, {"id": 17, "name": "cat"}],
}
# The first lines of COCO8, the example of Ultralytics' documentation.
YOLO_SETTINGS = """path: coco8
train: images/train
val: images/val
test: # test images (optional)
names:
  0: person
  1: bicycle
  2: bowl
"""
YOLO = "2 0.479492 0.688771 0.955609 0.5955\n2 0.736516 0.247188 0.498875 0.476417\n"
# metadata.jsonl of Hugging Face's documentation of image folders for object detection.
HUGGING_FACE = """{"file_name": "0001.png", "objects": {"bbox": [[302.0, 109.0, 73.0, 52.0]], "categories": [0]}}
{"file_name": "0002.png", "objects": {"bbox": [[810.0, 100.0, 57.0, 28.0]], "categories": [1]}}
{"file_name": "0003.png", "objects": {"bbox": [[160.0, 31.0, 248.0, 616.0], [741.0, 68.0, 202.0, 401.0]], "categories": [2, 2]}}
"""  # noqa: E501


def photo(path: Path, width: int = 640, height: int = 480) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    dice = np.random.default_rng(sum(path.name.encode()))
    Image.fromarray(dice.integers(0, 255, (height, width, 3), dtype=np.uint8)).save(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


Marks = dict[str, tuple[str | None, list[tuple[str | None, float, float, float, float]]]]


def marks(plan: ImportPlan) -> Marks:
    return {
        one.name: (
            one.split,
            [(each.label, each.box.x, each.box.y, each.box.width, each.box.height) for each in one.objects],
        )
        for one in plan.candidates
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def test_pascal_voc_as_its_development_kit_writes_it(tmp_path: Path) -> None:
    photo(tmp_path / "VOC2007/JPEGImages/000001.jpg", 353, 500)
    write(tmp_path / "VOC2007/Annotations/000001.xml", VOC)
    write(tmp_path / "VOC2007/ImageSets/Main/test.txt", "000001\n")
    plan = plan_folder(tmp_path)
    # Pixels are counted from 1 there, and the box of the person ends with the last but one column.
    assert marks(plan) == {"000001.jpg": ("test", [("dog", 47, 239, 148, 132), ("person", 7, 11, 345, 487)])}
    assert [one.harmless for one in plan.problems] == [True] and "counts pixels from 1" in problems(plan)
    assert not plan.refused and plan.classes == ("dog", "person")


def test_coco_as_documented(tmp_path: Path) -> None:
    photo(tmp_path / "val2014/COCO_val2014_000000001268.jpg", 640, 427)
    write(tmp_path / "annotations/instances_val2014.json", json.dumps(COCO))
    plan = plan_folder(tmp_path)
    name = "COCO_val2014_000000001268.jpg"
    assert marks(plan) == {name: ("val", [("bird", 192.81, 224.8, 74.73, 33.43)])}
    assert not plan.problems and not plan.refused and plan.classes == ("bird", "cat")


def test_yolo_as_documented(tmp_path: Path) -> None:
    photo(tmp_path / "coco8/images/train/000000000009.jpg")
    photo(tmp_path / "coco8/images/val/000000000036.jpg")
    write(tmp_path / "coco8/labels/train/000000000009.txt", YOLO)
    write(tmp_path / "coco8/data.yaml", YOLO_SETTINGS)
    plan = plan_folder(tmp_path)
    found = marks(plan)
    split, boxes = found["000000000009.jpg"]
    assert split == "train" and [box[0] for box in boxes] == ["bowl", "bowl"]
    assert boxes[0][1:] == pytest.approx(
        ((0.479492 - 0.955609 / 2) * 640, (0.688771 - 0.29775) * 480, 611.58976, 285.84)
    )
    assert found["000000000036.jpg"] == ("val", [])
    assert not plan.problems and not plan.refused and plan.classes == ("person", "bicycle", "bowl")


def test_hugging_face_as_documented(tmp_path: Path) -> None:
    for name in ("0001.png", "0002.png", "0003.png"):
        photo(tmp_path / "train" / name, 40, 30)
    write(tmp_path / "train/metadata.jsonl", HUGGING_FACE)
    plan = plan_folder(tmp_path)
    assert marks(plan) == {
        "0001.png": ("train", [("0", 302, 109, 73, 52)]),
        "0002.png": ("train", [("1", 810, 100, 57, 28)]),
        "0003.png": ("train", [("2", 160, 31, 248, 616), ("2", 741, 68, 202, 401)]),
    }
    assert [str(one) for one in plan.problems] == [
        "all files lie in the folder train, so it gives the split train"
    ] and not plan.refused


def test_hugging_face_metadata_csv_with_classes(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        photo(tmp_path / split / f"{split}.png", 40, 30)
        write(tmp_path / split / "metadata.csv", f"file_name,label\n{split}.png,owl\n")
    plan = plan_folder(tmp_path)
    assert [(one.name, one.label, one.split) for one in plan.candidates] == [
        ("train.png", "owl", "train"),
        ("validation.png", "owl", "val"),
    ]


def test_a_hugging_face_split_without_any_label_keeps_its_split(store: Store, tmp_path: Path) -> None:
    for split, label in (("train", "owl"), ("test", "")):
        photo(tmp_path / "data" / split / f"{split}.png", 40, 30)
        write(tmp_path / "data" / split / "metadata.csv", f"file_name,label\n{split}.png,{label}\n")
    plan = plan_folder(tmp_path / "data")
    assert [(one.name, one.label, one.split) for one in plan.candidates] == [
        ("test.png", None, "test"),
        ("train.png", "owl", "train"),
    ]
    assert not plan.refused


def test_a_blank_at_the_start_of_a_name_is_part_of_it_in_pascal_voc(tmp_path: Path) -> None:
    photo(tmp_path / "JPEGImages/ 000001.jpg", 353, 500)
    photo(tmp_path / "JPEGImages/sub/000001.jpg", 353, 500)
    write(tmp_path / "Annotations/ 000001.xml", VOC.replace("000001.jpg", " 000001.jpg"))
    write(tmp_path / "Annotations/sub/000001.xml", VOC.replace("000001.jpg", "sub/000001.jpg"))
    write(tmp_path / "ImageSets/Main/test.txt", " 000001\n")
    plan = plan_folder(tmp_path)
    assert {name: (split, len(boxes)) for name, (split, boxes) in marks(plan).items()} == {
        " 000001.jpg": ("test", 2),
        "sub/000001.jpg": (None, 2),
    }
    assert all(problem.harmless for problem in plan.problems)


def problems(plan: ImportPlan) -> str:
    return "\n".join(str(problem) for problem in plan.problems)


def test_bad_boxes_are_named_by_file_and_line_and_the_rest_is_read(tmp_path: Path) -> None:
    photo(tmp_path / "yolo/images/a.png")
    write(tmp_path / "yolo/classes.txt", "owl\n")
    write(
        tmp_path / "yolo/labels/a.txt", "0 0.5 0.5 0.2 0.2\n0 0.5 nan 0.2 0.2\n0 0.5 0.5 0 0.2\n7 0.5 0.5 0.1 0.1\nx\n"
    )
    plan = plan_folder(tmp_path / "yolo")
    assert len(plan.candidates[0].objects) == 1
    for line, words in ((2, "not four numbers"), (3, "no area"), (4, "no class 7"), (5, "not a class")):
        assert f"labels/a.txt, line {line}: " in problems(plan) and words in problems(plan)

    photo(tmp_path / "voc/a.jpg")
    write(tmp_path / "voc/a.xml", VOC.replace("<xmax>195<", "<xmax>5<").replace("<xmin>8<", "<xmin>NaN<"))
    write(tmp_path / "voc/b.xml", '<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>')
    write(tmp_path / "voc/c.xml", "<annotation>")
    plan = plan_folder(tmp_path / "voc")
    assert "a.xml, object 1: the box (47.0, 239.0, -42.0, 132.0) has its corners swapped" in problems(plan)
    assert "a.xml, object 2: the box (NaN" in problems(plan)
    assert "b.xml: it declares XML entities" in problems(plan) and "c.xml: it is not XML" in problems(plan)

    photo(tmp_path / "coco/a.png")
    boxes = [[1, 2, 3], [1, 2, 0, 4], [1, 2, -3, 4], "text", [1, 2, 3, 4]]
    annotations = [{"id": n, "image_id": 1, "category_id": 1, "bbox": box} for n, box in enumerate(boxes)]
    lost = [{"id": 8, "image_id": 1, "category_id": 9, "bbox": boxes[4]}, {"id": 9, "image_id": 5, "category_id": 1}]
    content = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "gone.png"}],
        "annotations": [*annotations, *lost],
        "categories": [{"id": 1, "name": "owl"}],
    }
    write(tmp_path / "coco/all.json", json.dumps(content))
    plan = plan_folder(tmp_path / "coco")
    assert len(plan.candidates[0].objects) == 1
    for words in ("annotation 0: the box (1, 2, 3) is not four", "annotation 1: the box (1, 2, 0, 4) has no area"):
        assert words in problems(plan)
    for words in (
        "annotation 2: the box (1, 2, -3, 4) has its corners",
        "no category 9",
        "no image 5",
        "gone.png is not",
    ):
        assert words in problems(plan)


@pytest.mark.parametrize("text", ["[" * 100_000, "{", '{"images": [], "annotations": {}}'])
def test_json_that_is_no_coco_is_only_not_used(tmp_path: Path, text: str) -> None:
    photo(tmp_path / "owl/a.png")
    photo(tmp_path / "duck/b.png")
    write(tmp_path / "package.json", text)
    plan = plan_folder(tmp_path)
    assert [one.label for one in plan.candidates] == ["duck", "owl"]
    assert [one.name for one in plan.refused] == ["package.json"]


def boxed_project(store: Store) -> int:
    """Three photos in folders with boxes, one without; a class that no box has; two splits and none."""
    project = store.create_project("Boxes", "localization", ["dog", "cat, big", "unused"])
    names = ["animals/a.png", "b.png", "c ü.png", "none.png"]
    ids = [add(store, project.id, number, name).id for number, name in enumerate(names)]
    store.set_boxes(project.id, ids[0], [BoxRow("cat, big", 0.5, 1, 3.25, 2), BoxRow("dog", 2, 2, 10, 8)], "ann")
    store.set_boxes(project.id, ids[1], [BoxRow("dog", -1.25, 3, 16.1, 4.37)], "ann")
    store.set_boxes(project.id, ids[2], [BoxRow("cat, big", 0, 0, 16, 12), BoxRow("cat, big", 0, 0, 1, 1)], "ann")
    splits = [(ids[0], None, "train"), (ids[1], None, "test"), (ids[2], None, None)]
    store.apply_labels(project.id, splits, "ann", "splits")
    return project.id


def content(store: Store, project_id: int) -> dict[str, object]:
    boxes = store.boxes(project_id)
    return {
        row.filename: (
            row.hash,
            row.label,
            row.split,
            [(box.label, box.x, box.y, box.width, box.height) for box in boxes.get(row.id, [])],
        )
        for row in store.images(project_id)
    }


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("kind", WITH_BOXES)
def test_boxes_out_in_and_out_again_lose_nothing(store: Store, tmp_path: Path, kind: str) -> None:
    first = boxed_project(store)
    assert list(write_zip(store, first, kind, tmp_path / "first.zip"))[-1] == (4, 4)
    plan = plan_zip(tmp_path / "first.zip", "first.zip")
    assert not plan.refused
    second = store.create_project("Again", "localization").id
    list(run_import(plan, store, second, "bob"))
    assert content(store, second) == content(store, first)
    if kind not in ("hugging-face", "csv"):  # these two list no classes
        assert [info.name for info in store.classes(second)] == ["dog", "cat, big", "unused"]
        list(write_zip(store, second, kind, tmp_path / "second.zip"))
        assert unpacked(tmp_path / "second.zip") == unpacked(tmp_path / "first.zip")


@pytest.mark.parametrize("kind", WITHOUT_BOXES)
def test_classes_out_and_in_again_lose_nothing(store: Store, tmp_path: Path, kind: str) -> None:
    project = store.create_project("Kinds", classes=["dog", "cat"])
    ids = [add(store, project.id, number, f"{number}.png").id for number in range(3)]
    rows = [(ids[0], "dog", "train"), (ids[1], "cat", "test"), (ids[2], "dog", "train")]
    store.apply_labels(project.id, rows, "ann", "labels")
    list(write_zip(store, project.id, kind, tmp_path / "first.zip"))
    second = store.create_project("Again")
    list(run_import(plan_zip(tmp_path / "first.zip", "first.zip"), store, second.id, "bob"))

    def plain(number: int) -> list[tuple[str, str | None, str | None]]:
        return sorted((Path(row.filename).name, row.label, row.split) for row in store.images(number))

    assert plain(second.id) == plain(project.id)


def test_a_format_that_cannot_hold_the_project_says_so(store: Store, tmp_path: Path) -> None:
    project = boxed_project(store)
    with pytest.raises(DataError, match='no format "folders"'):
        list(write_zip(store, project, "folders", tmp_path / "x.zip"))
    store.add_class(project, "a\ufffeb", "ann")
    with pytest.raises(DataError, match="XML cannot hold"):
        list(write_zip(store, project, "voc", tmp_path / "x.zip"))


@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("a.png"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "image_id", "category_id", "bbox", "name", "file_name", "objects", "categories"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_a_file_is_a_problem_and_no_crash(content: object) -> None:
    images = {"file_name": "a.png", "id": 1}
    coco_like = {"images": [images, content], "annotations": [content, images], "categories": [content]}
    files = {
        "a.png": b"no picture",
        "x.json": json.dumps(coco_like).encode(),
        "metadata.jsonl": f'{{"file_name": "a.png", "objects": {json.dumps(content)}}}'.encode(),
        "data.yaml": json.dumps({"names": content}).encode(),
        "a.txt": json.dumps(content).encode(),
        "a.xml": f"<annotation><filename>{escape(str(content))}</filename><object/></annotation>".encode(),
    }
    for reader in (coco, hugging_face, yolo, voc):
        with suppress(LabelsError):
            reader.read({path: partial(bytes, data) for path, data in files.items()})
    side = {"version": 1, "format": "folders", "task": "localization", "classes": content, "photos": content}
    for one in (
        side,
        {**side, "classes": []},
        {**side, "photos": {}, "classes": [], "class_folders": content},
        content,
    ):
        plan_from_files(
            {FILE_NAME: partial(bytes, json.dumps(one).encode()), "a.png": bytes, "b/a.png": bytes}, {}, "x", Asking()
        )


def test_names_that_climb_and_classes_without_a_name_do_not_get_in(store: Store, tmp_path: Path) -> None:
    photo(tmp_path / "data/images/a.png", 16, 12)
    content = {
        "images": [{"id": 1, "file_name": "../../a.png"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
        "categories": [
            {"id": 1, "name": "owl"},
            {"id": 2, "name": " "},
            {"id": 3, "name": "x" * 300},
            {"id": 4, "name": "half \ud800 a character"},
        ],
    }
    write(tmp_path / "data/all.json", json.dumps(content))
    plan = plan_folder(tmp_path / "data")
    project = store.create_project("Boxes", "localization")
    list(run_import(plan, store, project.id, "ann"))
    assert [row.filename for row in store.images(project.id)] == ["a.png"]
    assert [info.name for info in store.classes(project.id)] == ["owl", "half \ufffd a character"]
    assert len(plan.problems) == 2
