"""Parquet files of Hugging Face: images with classes from the schema, tables of photos, and files that are neither."""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data.importing.arrays.packed_images import plan_packed
from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_import import Upload, plan_folder, plan_packed_files, plan_uploads, plan_zip, run_import
from core.data.snapshot import snapshot_of_packed
from core.data.tables.questions import Asking
from core.errors import ArraysError
from tests.data.builders import open_store
from tests.data.importing.formats.csv_styles.tables import boxes, labels, photo, planned, problems, remarks

NAME = "train-00000-of-00002.parquet"


def parquet(
    columns: dict[str, Sequence[Any]],
    features: dict[str, object] | None = None,
    types: dict[str, pa.DataType] | None = None,
) -> bytes:
    """A Parquet file as Hugging Face's datasets write it."""
    types = types or {}
    table = pa.table({name: pa.array(list(cells), types.get(name)) for name, cells in columns.items()})
    if features is not None:
        kept = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
        table = table.replace_schema_metadata(kept)
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=2)
    return out.getvalue()


def images(*names: str | None) -> list[dict[str, object]]:
    return [{"bytes": photo(number), "path": name} for number, name in enumerate(names)]


def of_classes(*names: str) -> dict[str, object]:
    return {"names": list(names), "_type": "ClassLabel"}


FEATURES: dict[str, object] = {"image": {"_type": "Image"}, "label": of_classes("cat", "dog")}


def plan_of(data: bytes, name: str = NAME, asking: Asking | None = None) -> ImportPlan:
    return plan_packed(io.BytesIO(data), name, asking)


def test_images_with_their_classes_and_the_split_of_the_name() -> None:
    plan = plan_of(parquet({"image": images("a.png", "b.png", "c.png"), "label": [1, 0, -1]}, FEATURES))
    assert labels(plan) == {"a.png": ("dog", "train"), "b.png": ("cat", "train"), "c.png": (None, "train")}
    assert plan.classes == ("cat", "dog")
    assert [one.read() for one in plan.candidates] == [photo(0), photo(1), photo(2)]
    assert not problems(plan) and "1 image has no label" in remarks(plan)


def test_numbers_without_names_and_text_are_the_classes() -> None:
    assert [one.label for one in plan_of(parquet({"image": images("a.png"), "label": [7]})).candidates] == ["7"]
    assert [one.label for one in plan_of(parquet({"img": images("a.png"), "label": ["owl"]})).candidates] == ["owl"]


def test_images_without_a_name_get_one_by_their_number_and_format() -> None:
    plan = plan_of(parquet({"image": images(None, "../x.png", "a.png", "a.png"), "label": [0, 0, 0, 0]}, FEATURES))
    stem = "train-00000-of-00002"
    assert [one.name for one in plan.candidates] == [
        f"{stem}_00000.png",
        f"{stem}_00001.png",
        "a.png",
        f"{stem}_00003.png",
    ]


def test_a_name_that_is_made_is_not_that_of_another_row() -> None:
    """Two photos of one name shared their boxes, and one of them was lost in a folder."""
    twice, made = "train-00000-of-00002_00001.png", "train-00000-of-00002_00003.png"
    cells = [{"bbox": [[1.0, 1.0, 6.0, 5.0]], "category": [0]}, *[{"bbox": [], "category": []}] * 3]
    features = {"objects": {"feature": {"category": of_classes("owl", "duck")}, "_type": "Sequence"}}
    plan = plan_of(parquet({"image": images(twice, twice, made, made), "objects": cells}, features))
    names = [one.name for one in plan.candidates]
    assert names[0] == twice and names[2] == made and len({*names}) == 4
    assert [len(one.objects) for one in plan.candidates] == [1, 0, 0, 0]
    assert [one.read() for one in plan.candidates] == [photo(0), photo(1), photo(2), photo(3)]


def test_a_column_of_plain_bytes_is_a_column_of_images() -> None:
    plan = plan_of(parquet({"image": [photo(3)], "label": ["owl"]}), "test.parquet")
    assert [(one.label, one.split, one.read()) for one in plan.candidates] == [("owl", "test", photo(3))]


def test_a_class_that_its_column_does_not_name_is_a_problem_with_its_row() -> None:
    plan = plan_of(parquet({"image": images("a.png", "b.png"), "label": [0, 5]}, FEATURES))
    assert [one.label for one in plan.candidates] == ["cat", None]
    assert problems(plan) == ["row 2: there is no class 5 among the 2 of its column; the image has no label"]


def test_several_labels_of_an_image_are_a_problem_and_one_in_a_list_is_not() -> None:
    features = {"image": {"_type": "Image"}, "labels": {"feature": of_classes("cat", "dog"), "_type": "Sequence"}}
    plan = plan_of(parquet({"image": images("a.png", "b.png"), "labels": [[1], [0, 1]]}, features))
    assert [one.label for one in plan.candidates] == ["dog", None]
    assert any("1 image has several labels" in text for text in problems(plan))


def test_two_columns_of_classes_are_asked() -> None:
    columns = {"img": images("a.png"), "fine_label": [1], "coarse_label": [0]}
    features = {"fine_label": of_classes("poodle", "beagle"), "coarse_label": of_classes("dog", "cat")}
    asking = Asking()
    plan_of(parquet(columns, features), asking=asking)
    [question] = asking.open
    assert question.kind == "class-column" and [one.key for one in question.choices] == [
        "fine_label",
        "coarse_label",
        "none",
    ]
    assert question.choices[0].rows == (("a.png", "beagle"),)
    chosen = plan_of(parquet(columns, features), asking=Asking({"class-column": "coarse_label"}))
    assert [one.label for one in chosen.candidates] == ["dog"]


def test_an_image_that_is_elsewhere_is_refused() -> None:
    cells = [{"bytes": None, "path": "far/a.png"}, {"bytes": photo(1), "path": "b.png"}]
    plan = plan_of(parquet({"image": cells, "label": [0, 1]}, FEATURES))
    assert [one.name for one in plan.candidates] == ["b.png"]
    assert [(one.name, one.text) for one in plan.refused] == [("far/a.png", "its bytes are not in the Parquet file")]


def test_boxes_with_the_names_of_their_categories() -> None:
    cells = [{"bbox": [[20.0, 2.0, 10.0, 4.0], [0.0, 1.0, 6.0, 5.0]], "category": [1, 0]}, {"bbox": [], "category": []}]
    features = {"objects": {"feature": {"category": of_classes("owl", "duck")}, "_type": "Sequence"}}
    plan = plan_of(parquet({"image": images("a.png", "b.png"), "objects": cells}, features))
    assert boxes(plan) == {"a.png": [("duck", 20, 2, 10, 4), ("owl", 0, 1, 6, 5)], "b.png": []}
    assert plan.classes == ("owl", "duck") and not problems(plan) and not plan.questions


def test_the_numbers_of_one_column_have_no_names_of_another() -> None:
    objects = [{"bbox": [[30, 16, 5, 3]], "category": [1], "label": [0]}]
    features = {"objects": {"feature": {"label": of_classes("owl", "duck")}, "_type": "Sequence"}}
    plan = plan_of(parquet({"image": images("a.png"), "objects": objects}, features))
    assert boxes(plan) == {"a.png": [("owl", 30, 16, 5, 3)]}
    assert any("those in label of objects; category is not used" in one.text for one in plan.problems)


def test_boxes_in_a_list_of_objects_and_as_corners() -> None:
    cells = [[{"bbox": [20.0, 2.0, 39.0, 19.0], "category": "owl"}]]
    plan = plan_of(parquet({"image": images("a.png"), "objects": cells}))
    assert boxes(plan) == {"a.png": [("owl", 20, 2, 19, 17)]}  # as a size, it would end at 59 of 40 pixels


def test_boxes_that_may_be_corners_or_sizes_are_asked() -> None:
    cells = [{"bbox": [[2.0, 2.0, 10.0, 9.0]], "category": ["owl"]}]
    asking = Asking()
    data = parquet({"image": images("a.png"), "objects": cells})
    plan_of(data, asking=asking)
    assert [one.kind for one in asking.open] == ["box-corners"]
    assert boxes(plan_of(data, asking=Asking({"box-corners": "corners"}))) == {"a.png": [("owl", 2, 2, 8, 7)]}


def test_boxes_that_are_none_are_problems_with_their_row() -> None:
    cells = [
        {"bbox": [[20.0, 2.0, 10.0], [20.0, 2.0, 10.0, 4.0]], "category": ["owl", ""]},
        {"bbox": [[1.0]], "category": []},
    ]
    plan = plan_of(parquet({"image": images("a.png", "b.png"), "objects": cells}))
    assert [text[:5] for text in problems(plan)] == ["row 1", "row 2", "row 1"] and boxes(plan)["a.png"] == []


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(50) + b"PAR1", b"\xff" * 100])
def test_a_damaged_file_is_one_plain_sentence(data: bytes) -> None:
    with pytest.raises(ArraysError, match=r"x\.parquet is damaged or incomplete"):
        plan_of(data, "x.parquet")


@pytest.mark.parametrize("place", range(0, 1_000, 240))
def test_changed_bytes_never_crash(place: int) -> None:
    data = bytearray(parquet({"image": images("a.png", "b.png"), "label": [1, 0]}, FEATURES))
    at = len(data) - 1 - place
    data[at] ^= 0xFF
    try:
        plan = plan_of(bytes(data))
    except ArraysError:
        return
    assert all(one.label in ("cat", "dog", None) for one in plan.candidates)


def test_a_file_without_images_says_what_to_do() -> None:
    with pytest.raises(ArraysError, match=r"no column of images \(its columns: a\).* call it metadata\.parquet"):
        plan_of(parquet({"a": [1]}))


def test_a_table_of_photos_is_read_as_a_hugging_face_folder(tmp_path: Path) -> None:
    data = parquet({"file_name": ["a.png", "gone.png"], "label": [1, 0]}, FEATURES)
    plan = planned(tmp_path, {"train/a.png": photo(0), "train/metadata.parquet": data})
    assert labels(plan) == {"a.png": ("dog", "train")}
    assert any("metadata.parquet, line 2: gone.png is not among the files" in text for text in problems(plan))
    assert "train/metadata.parquet" not in [one.name for one in plan.refused]


def test_boxes_of_a_table_of_photos(tmp_path: Path) -> None:
    objects = [{"bbox": [[4.0, 2.0, 20.0, 10.0]], "categories": ["owl"]}]
    plan = planned(
        tmp_path, {"a.png": photo(0), "metadata.parquet": parquet({"file_name": ["a.png"], "objects": objects})}
    )
    assert boxes(plan) == {"a.png": [("owl", 4, 2, 20, 10)]}


def test_numbers_of_classes_in_a_table_of_photos_have_the_names_of_the_schema(tmp_path: Path) -> None:
    """In lists and in boxes they were read as the classes 0 and 1, and a number without a name as a class."""
    files = {"a.png": photo(0), "b.png": photo(1), "c.png": photo(2)}
    several = {**FEATURES, "label": {"feature": of_classes("cat", "dog"), "_type": "Sequence"}}
    for features, cells in ((FEATURES, [1, 5, -1]), (several, [[1], [5], []])):
        data = parquet({"file_name": [*files], "label": cells}, features)
        plan = planned(tmp_path / str(cells[0]), {**files, "metadata.parquet": data})
        assert [one.label for one in plan.candidates] == ["dog", None, None]
        [text] = problems(plan)[:1]
        assert text.startswith("metadata.parquet, line 2: the label 5 is no number in the declared list of classes")
    objects = [{"bbox": [[4.0, 2.0, 20.0, 10.0]], "category": [1]}, *[{"bbox": [], "category": []}] * 2]
    boxed = {"objects": {"feature": {"category": of_classes("owl", "duck")}, "_type": "Sequence"}}
    data = parquet({"file_name": [*files], "objects": objects}, boxed)
    plan = planned(tmp_path / "boxes", {**files, "metadata.parquet": data})
    assert boxes(plan)["a.png"] == [("duck", 4, 2, 20, 10)]


def shards(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    for number, split in enumerate(("train", "validation", "test")):
        data = parquet({"image": [{"bytes": photo(number), "path": f"{number}.png"}], "label": [number % 2]}, FEATURES)
        (folder / "data" / f"{split}-00000-of-00001.parquet").write_bytes(data)


EXPECTED = {("0.png", "cat", "train"), ("1.png", "dog", "val"), ("2.png", "cat", "test")}


def test_shards_in_a_folder_a_zip_and_as_uploads(tmp_path: Path) -> None:
    shards(tmp_path / "set")
    paths = sorted((tmp_path / "set" / "data").iterdir())
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in paths:
            archive.write(path, f"data/{path.name}")
    for plan in (
        plan_folder(tmp_path / "set"),
        plan_zip(tmp_path / "set.zip", "set.zip"),
        plan_uploads([Upload(path.name, path.open("rb")) for path in paths]),
        plan_packed_files(paths),
    ):
        assert {(one.name, one.label, one.split) for one in plan.candidates} == EXPECTED


def test_they_are_imported(tmp_path: Path) -> None:
    shards(tmp_path / "set")
    store = open_store(tmp_path)
    project = store.create_project("Pets")
    list(run_import(plan_folder(tmp_path / "set"), store, project.id, "ann"))
    assert {(row.filename, row.label, row.split) for row in store.images(project.id)} == EXPECTED


def test_training_uses_the_boxes_of_parquet(tmp_path: Path) -> None:
    """They were left out without a word."""
    objects = [{"bbox": [[30, 16, 5, 3]], "category": ["owl"]}, {"bbox": [], "category": []}]
    objects += [{"bbox": [[30, 16, 5, 3], [20, 10, 8, 8]], "category": ["owl", "duck"]}]
    columns: dict[str, Any] = {
        "image": images("a.png", "b.png", "c.png"),
        "label": ["owl", "owl", "duck"],
        "objects": objects,
    }
    path = tmp_path / NAME
    path.write_bytes(parquet(columns))
    snapshot, problems = snapshot_of_packed([path], tmp_path / "unpacked")
    assert snapshot.task == "localization"
    found = {row.filename: (row.label, row.x, row.y, row.width, row.height) for row in snapshot.frame.itertuples()}
    assert found == {"a.png": ("owl", 30, 16, 5, 3), "c.png": ("duck", 20, 10, 8, 8)}
    said = [one.text for one in problems]
    assert "b.png has no box, so it is skipped" in said and "c.png has 2 boxes; training uses the largest" in said
    snapshot, _ = snapshot_of_packed([path], tmp_path / "unpacked", task="classification")
    assert snapshot.task == "classification" and len(snapshot.frame) == 3
