"""Label files of strangers: YAML as text, names within bounds, at most a thousand classes, and what is left out."""

import json
import time
from functools import partial
from pathlib import Path

import pytest

from core.data.importing.formats.json_text import JsonTooLarge, parse_json
from core.data.importing.formats.yaml_text import MAX_CHARACTERS, YamlRefused, read_yaml_text
from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_files import plan_from_files
from core.data.importing.plan_import import plan_folder, plan_packed, plan_zip, run_import
from core.data.tables.names import MOST_CLASSES
from core.data.tables.questions import Asking
from core.errors import ArraysError, DataError, LabelsError
from tests.data.builders import open_store, picture

ALIASES = (
    'a0: &a0 ["lol","lol"]\n' + "".join(f"a{n}: &a{n} [*a{n - 1},*a{n - 1}]\n" for n in range(1, 25)) + "names: [*a24]"
)


def data_set(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in {"images/a.png": picture(1), **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def yolo(folder: Path, settings: str) -> Path:
    return data_set(folder, {"labels/a.txt": "0 0.5 0.5 0.5 0.5\n", "data.yaml": settings})


def coco(annotations: list[dict[str, object]], categories: list[dict[str, object]], names: str = "a") -> str:
    images = [{"id": number, "file_name": f"{name}.png"} for number, name in enumerate(names, start=1)]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})


def texts(plan: ImportPlan) -> list[str]:
    return [str(problem) for problem in plan.problems]


def boxes(plan: ImportPlan) -> dict[str, list[tuple[str | None, float, float, float, float]]]:
    return {
        one.name: [(each.label, each.box.x, each.box.y, each.box.width, each.box.height) for each in one.objects]
        for one in plan.candidates
    }


# YAML


def test_scalars_of_yaml_are_text(tmp_path: Path) -> None:
    plan = plan_folder(yolo(tmp_path, "names: [yes, no, 010, 1_000, 2001-13-45, ~, 1.50, 0x1F]\nnc: 8\n"))
    assert plan.classes == ("yes", "no", "010", "1_000", "2001-13-45", "~", "1.50", "0x1F")
    assert boxes(plan)["a.png"][0][0] == "yes"
    assert not plan.problems


def test_numbered_names_of_yaml_are_text_too(tmp_path: Path) -> None:
    plan = plan_folder(yolo(tmp_path, 'names:\n  0: on\n  2: "a: b"\n  1: 1e3 # thousand\n'))
    assert plan.classes == ("on", "1e3", "a: b")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ALIASES, "aliases or anchors"),
        ("names: [!!int abc]", "tags"),
        ("names: [!!python/name:os.system ]", "tags"),
        ("names: [[a], b]", "not single texts"),
        ("names: {a: b}", "not whole numbers"),
        ("names: {0: a, 0: b}", 'key "0" twice'),
        ("names: {0: a, 00: b}", "same number"),
        ("names: [a", "not YAML (see its line"),
        ("names: " + "[" * 5_000, "not YAML"),
        ("- " * 5_000 + "x", "levels deep"),
        ("names: [a]\n#" + "x" * MAX_CHARACTERS, "characters"),
        (f"names: [{'x' * 201}]", "201 characters; at most 200"),
    ],
)
def test_yaml_that_could_grow_or_means_something_else_is_refused(tmp_path: Path, settings: str, words: str) -> None:
    started = time.process_time()
    with pytest.raises(LabelsError) as refused:
        plan_folder(yolo(tmp_path, settings))
    assert words in str(refused.value) and "data.yaml" in str(refused.value)
    assert len(str(refused.value)) < 200
    assert time.process_time() - started < 1


def test_an_unusable_data_yaml_beside_other_photos_stops_nothing(tmp_path: Path) -> None:
    plan = plan_folder(data_set(tmp_path, {"images/b/b.png": picture(2), "data.yaml": ALIASES}))
    assert len(plan.candidates) == 2
    assert [one.name for one in plan.refused] == ["data.yaml"]


def test_the_next_list_counts_where_one_cannot_be_used(tmp_path: Path) -> None:
    plan = plan_folder(data_set(yolo(tmp_path, ALIASES), {"sub/classes.txt": "owl\n"}))
    assert boxes(plan)["a.png"][0][0] == "owl"
    assert any("data.yaml cannot be used, because it uses aliases" in text for text in texts(plan))


def test_an_empty_yaml_is_none() -> None:
    assert read_yaml_text("") is None
    assert read_yaml_text("test: # optional\n") == {"test": ""}
    with pytest.raises(YamlRefused):
        read_yaml_text("? [a]\n: b")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("all.json", b'{"images": [', "it is not JSON"),
        ("all.json", b"\xff\xfe\x00", "it is not text"),
        ("images/a.xml", b"<annotation>", "it is not XML (no element found: line 1, column 12)"),
        ("images/metadata.jsonl", b"file_name: a.png", "none of its rows can be read"),
    ],
)
def test_damaged_labels_are_not_lost_without_a_word(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    plan = plan_folder(data_set(tmp_path, {name: content}))
    shown = name.removeprefix("images/")  # the folder around everything
    assert f"{shown} may hold the labels, but {reason}; no photo has a label" in texts(plan)
    assert [one.text for one in plan.refused] == [reason]
    assert not all(problem.harmless for problem in plan.problems)


# At most a thousand classes


def many(count: int) -> list[dict[str, object]]:
    return [{"id": number, "name": f"class {number}"} for number in range(count)]


def test_too_many_classes_are_refused_before_anything_is_created_in_every_format() -> None:
    label = (
        "<object><name>c{n}</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
    )
    manifest = {"version": 1, "format": "csv", "task": "classification", "photos": {}}
    numbers = range(MOST_CLASSES + 1)
    cases: dict[str, dict[str, str | bytes]] = {
        "yaml": {"labels/a.txt": "", "data.yaml": "names: {99999: x}"},
        "names": {"labels/a.txt": "", "classes.txt": "\n".join(f"c{n}" for n in numbers)},
        "coco": {"all.json": coco([], many(60_000))},
        "manifest": {"resnet-studio.json": json.dumps({**manifest, "classes": [f"c{n}" for n in range(50_000)]})},
        "voc": {"a.xml": f"<annotation>{''.join(label.format(n=n) for n in numbers)}</annotation>"},
        "hf": {"metadata.jsonl": "".join(f'{{"file_name": "{n}.png", "label": "c{n}"}}\n' for n in numbers)},
        "csv": {"labels.csv": "filename,label\n" + "".join(f"{n}.png,c{n}\n" for n in range(50_000))},
    }
    cases["hf"] |= {f"{n}.png": b"1" for n in numbers}
    cases["folders"] = {f"c{n}/{n}.png": b"1" for n in numbers}
    for name, files in cases.items():
        readers = {path: partial(_bytes, data) for path, data in {"images/a.png": picture(1), **files}.items()}
        started = time.process_time()
        with pytest.raises(LabelsError, match=r"classes; at most 1,000 are allowed"):
            plan_from_files(readers, {}, "many.zip", Asking())
        assert time.process_time() - started < 15, name  # seconds, not minutes: two busy cores took 5.1


def _bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def test_packed_images_have_at_most_a_thousand_classes(tmp_path: Path) -> None:
    import numpy as np

    for name, arrays in {
        "y": {"y": np.arange(1_001)},
        "classes": {"y": np.zeros(1_001, int), "classes": np.array([f"c{n}" for n in range(1_001)])},
    }.items():
        path = tmp_path / f"{name}.npz"
        np.savez(path, x=np.zeros((1_001, 2, 2), np.uint8), **arrays)
        with pytest.raises(ArraysError, match=r"1,000"):
            plan_packed(path, path.name)


def test_a_thousand_classes_are_imported_and_one_more_is_not_added(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    plan = plan_folder(data_set(tmp_path / "data", {"all.json": coco([], many(MOST_CLASSES))}))
    assert len(plan.classes) == MOST_CLASSES
    project = store.create_project("Many", "localization", plan.classes)
    with pytest.raises(DataError, match="1,001 classes; at most 1,000"):
        store.add_class(project.id, "one more", "ann")
    other = plan_folder(data_set(tmp_path / "other", {"labels.csv": "filename,label\na.png,other\n"}))
    with pytest.raises(DataError, match="1,001 classes; at most 1,000"):
        list(run_import(other, store, project.id, "ann"))
    assert store.images(project.id) == [] and len(store.classes(project.id)) == MOST_CLASSES


# Names


@pytest.mark.parametrize(("value", "name"), [("a", "a"), (7, "7"), (7.0, "7"), ("010", "010")])
def test_names_in_json_are_text_or_whole_numbers(tmp_path: Path, value: object, name: str) -> None:
    row = {"file_name": "a.png", "label": value}
    plan = plan_folder(data_set(tmp_path / "hf", {"images/metadata.jsonl": json.dumps(row)}))
    assert [one.label for one in plan.candidates] == [name]
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
    plan = plan_folder(data_set(tmp_path / "coco", {"all.json": coco([annotation], [{"id": 1, "name": value}])}))
    assert boxes(plan) == {"a.png": [(name, 1, 2, 3, 4)]}


@pytest.mark.parametrize("value", [True, 1.5, ["a", "b"], {"a": 1}, float("nan"), 1e300])
def test_what_is_no_name_is_a_problem_with_its_place(tmp_path: Path, value: object) -> None:
    row = {"file_name": "a.png", "label": value}
    plan = plan_folder(data_set(tmp_path / "hf", {"images/metadata.jsonl": json.dumps(row)}))
    assert [one.label for one in plan.candidates] == [None]
    assert any("metadata.jsonl, line 1: the label is" in text and "not a name" in text for text in texts(plan))
    plan = plan_folder(data_set(tmp_path / "coco", {"all.json": coco([], [{"id": 1, "name": value}])}))
    assert plan.classes == ()
    assert any("all.json, category 1: " in text and "not a name" in text for text in texts(plan))


def test_a_name_of_megabytes_is_never_shown(tmp_path: Path) -> None:
    long = "x" * 3_000_000
    folders = data_set(
        tmp_path / "voc", {"images/a.xml": f"<annotation><object><name>{long}</name></object></annotation>"}
    )
    cases = {
        "coco": data_set(tmp_path / "coco", {"all.json": coco([], [{"id": 1, "name": long}])}),
        "hf": data_set(tmp_path / "hf", {"metadata.jsonl": json.dumps({"file_name": "images/a.png", "label": long})}),
        "csv": data_set(tmp_path / "csv", {"labels.csv": f"filename,label\na.png,{long[:100_000]}\n"}),
        "voc": folders,
    }
    for name, folder in cases.items():
        plan = plan_folder(folder)
        assert plan.classes == (), name
        assert plan.problems and all(len(text) < 1_000 for text in texts(plan)), name


def test_characters_that_no_page_accepts_are_replaced(tmp_path: Path) -> None:
    content = {"images": [{"id": 1, "file_name": "x/a\ud800.png"}], "annotations": [], "categories": []}
    plan = plan_folder(data_set(tmp_path, {"all.json": json.dumps(content)}))
    assert any("x/a\ufffd.png is not among the files" in text for text in texts(plan))


def test_json_that_would_fill_the_memory_is_not_parsed() -> None:
    with pytest.raises(JsonTooLarge, match="more values"):
        parse_json("[" + "[]," * 10_000_000 + "0]")
    assert parse_json('{"a": [1, 2]}') == {"a": [1, 2]}


# COCO


def test_crowd_regions_of_coco_are_left_out_with_a_remark(tmp_path: Path) -> None:
    crowd = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 16, 12], "iscrowd": 1}
    dog = {"id": 2, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 0}
    mask = {
        "id": 3,
        "image_id": 2,
        "category_id": 1,
        "bbox": [1, 1, 2, 2],
        "segmentation": {"counts": [1], "size": [1, 1]},
    }
    names = [{"id": 1, "name": "dog"}]
    folder = data_set(tmp_path, {"images/b.png": picture(2), "all.json": coco([crowd, dog, mask], names, "ab")})
    plan = plan_folder(folder)
    assert boxes(plan) == {"a.png": [("dog", 1, 2, 3, 4)], "b.png": [("dog", 1, 1, 2, 2)]}
    (remark,) = plan.problems
    assert remark.harmless
    assert "1 crowd region (iscrowd) is left out" in remark.text and "images/a.png" in remark.text


def test_a_photo_with_a_crowd_region_alone_has_no_label(tmp_path: Path) -> None:
    crowd = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 16, 12], "iscrowd": 1}
    plan = plan_folder(data_set(tmp_path, {"all.json": coco([crowd], [{"id": 1, "name": "dog"}])}))
    assert [(one.label, one.objects) for one in plan.candidates] == [(None, ())]


def test_polygons_without_a_bbox_give_the_box_around_them_and_masks_a_problem(tmp_path: Path) -> None:
    polygon = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[2, 3, 8, 3, 8, 7], [1, 4, 2, 4, 2, 5]]}
    mask = {"id": 2, "image_id": 1, "category_id": 1, "segmentation": {"counts": "abc", "size": [12, 16]}}
    odd = {"id": 3, "image_id": 1, "category_id": 1, "segmentation": [[1, 2, "x"]]}
    plan = plan_folder(data_set(tmp_path, {"all.json": coco([polygon, mask, odd], [{"id": 1, "name": "dog"}])}))
    assert boxes(plan) == {"a.png": [("dog", 1, 3, 7, 4)]}
    assert [text for text in texts(plan) if "has a mask but no bbox" in text] == [
        f"all.json, annotation {number}: it has a mask but no bbox; it is skipped" for number in (2, 3)
    ]


# Pascal VOC


def voc(source: str, *corners: tuple[float, float, float, float]) -> str:
    tags = ("xmin", "ymin", "xmax", "ymax")
    inside = ["".join(f"<{tag}>{value}</{tag}>" for tag, value in zip(tags, one, strict=True)) for one in corners]
    objects = "".join(f"<object><name>dog</name><bndbox>{one}</bndbox></object>" for one in inside)
    return f"<annotation><source><database>{source}</database></source>{objects}</annotation>"


def test_files_of_the_original_voc_tools_count_from_1(tmp_path: Path) -> None:
    plan = plan_folder(data_set(tmp_path, {"images/a.xml": voc("The VOC2012 Database", (1, 1, 16, 12))}))
    assert boxes(plan) == {"a.png": [("dog", 0, 0, 16, 12)]}
    (remark,) = plan.problems
    assert (
        remark.harmless and "1 file comes from a VOC challenge" in remark.text and "counts pixels from 1" in remark.text
    )


@pytest.mark.parametrize("source", ["Unknown", "", "My VOC2012-like photos"])
def test_voc_files_of_other_tools_count_from_0(tmp_path: Path, source: str) -> None:
    plan = plan_folder(data_set(tmp_path, {"images/a.xml": voc(source, (1, 1, 16, 12))}))
    assert boxes(plan) == {"a.png": [("dog", 1, 1, 15, 11)]} and not plan.problems


def test_a_box_at_0_shows_that_a_converted_voc_file_counts_from_0(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "images/b.png": picture(2),
        "images/a.xml": voc("The VOC2007 Database", (0, 0, 4, 4)),
        "images/b.xml": voc("The VOC2007 Database", (1, 2, 4, 4)),
    }
    plan = plan_folder(data_set(tmp_path, files))
    assert boxes(plan) == {"a.png": [("dog", 0, 0, 4, 4)], "b.png": [("dog", 1, 2, 3, 2)]}
    assert any("pixels are counted from 0" in text for text in texts(plan))


def test_a_voc_photo_without_xml_is_imported_without_a_label_and_that_is_said(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "Annotations/a.xml": voc("", (1, 1, 5, 5)).replace("<source>", "<filename>a.png</filename><source>"),
        "JPEGImages/a.png": picture(1),
        "JPEGImages/b.png": picture(2),
        "SegmentationClass/a.png": picture(3),
    }
    folder = data_set(tmp_path, files)
    (folder / "images/a.png").unlink()
    plan = plan_folder(folder)
    assert boxes(plan) == {"a.png": [("dog", 1, 1, 4, 4)], "b.png": []}
    assert all(problem.harmless for problem in plan.problems) and not plan.refused
    assert texts(plan) == [
        "1 mask of objects is not a photo and is left out, such as SegmentationClass/a.png",
        "1 photo has no XML file and is imported without a label: JPEGImages/b.png",
    ]


@pytest.mark.parametrize("kind", ["coco", "hf"])
def test_a_photo_that_the_labels_do_not_list_is_imported_without_one(tmp_path: Path, kind: str) -> None:
    files: dict[str, dict[str, str | bytes]] = {
        "coco": {"all.json": coco([], [])},
        "hf": {"images/metadata.jsonl": '{"file_name": "a.png", "label": "owl"}'},
    }
    plan = plan_folder(data_set(tmp_path, {"images/b.png": picture(2), **files[kind]}))
    assert len(plan.candidates) == 2 and [problem.harmless for problem in plan.problems] == [True]
    assert "1 photo has no" in texts(plan)[0] and "images/b.png" in texts(plan)[0]


def test_an_own_export_of_voc_comes_back_without_a_remark(tmp_path: Path) -> None:
    from core.data.importing.formats.write_zip import write_zip
    from core.data.store.records import BoxRow
    from tests.data.builders import add

    store = open_store(tmp_path)
    project = store.create_project("Boxes", "localization", ["dog"])
    image = add(store, project.id, 1, "a.png")
    store.set_boxes(project.id, image.id, [BoxRow("dog", 0, 0, 16, 12), BoxRow("dog", 1, 1, 1, 1)], "ann")
    list(write_zip(store, project.id, "voc", tmp_path / "voc.zip"))
    plan = plan_zip(tmp_path / "voc.zip", "voc.zip")
    assert boxes(plan) == {"a.png": [("dog", 0, 0, 16, 12), ("dog", 1, 1, 1, 1)]} and not plan.problems
