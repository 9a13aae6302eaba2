"""A training from a table takes the photos, labels and splits that an import of the same files takes."""

from pathlib import Path

import pytest

from core.data.importing.plan_import import plan_folder
from core.data.importing.table_photos import photos_of_table
from core.data.pictures.box import Box
from core.errors import QuestionsOpen
from tests.data.importing.formats.csv_styles.tables import Files, photo, photos, planned

ROWS = "filename,label\n1.png,cat\n2.png,dog\n3.png,cat\n4.png,dog\n"
SETS: dict[str, Files] = {
    "splits in folders": photos("train/1.png", "train/2.png", "val/3.png", "test/4.png"),
    "one photo in no split": photos("train/1.png", "train/2.png", "test/3.png", "4.png"),
    "splits in a folder around": photos("set/train/1.png", "set/train/2.png", "set/test/3.png", "set/test/4.png"),
    "names of split folders": photos("seg_train/1.png", "seg_train/2.png", "seg_test/3.png", "seg_test/4.png"),
    "splits deeper": photos("a/train/1.png", "a/train/2.png", "b/test/3.png", "b/test/4.png"),
    "no split": photos("a/1.png", "a/2.png", "b/3.png", "b/4.png"),
    "no folder": photos("1.png", "2.png", "3.png", "4.png"),
    "test photos without rows": photos("train/1.png", "train/2.png", "train/3.png", "train/4.png", "test/9.png"),
    "a list of the test photos": {
        **photos("1.png", "2.png", "3.png", "4.png", "9.png"),
        "test.csv": "filename\n9.png\n",
    },
}
TABLES = {
    "without splits": ROWS,
    "with splits": "filename,label,split\n1.png,cat,train\n2.png,dog,\n3.png,cat,val\n4.png,dog,train\n",
    "a row twice": ROWS + "1.png,cat\n",
    "a row of no photo": ROWS + "5.png,cat\n",
    "another case": ROWS.replace("4.png", "4.PNG"),
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("files", SETS)
def test_a_training_reads_what_an_import_reads(tmp_path: Path, files: str, table: str) -> None:
    for name, content in SETS[files].items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    labels = tmp_path / "labels.csv"
    labels.write_text(TABLES[table])
    plan = plan_folder(tmp_path / "photos", labels)
    found, problems = photos_of_table(labels, tmp_path / "photos", None)
    imported = {one.name.rpartition("/")[2]: (one.label, one.split) for one in plan.candidates if one.label}
    assert {one.path.name: (one.label, one.row.split) for one in found} == imported
    assert [(str(one), one.harmless) for one in problems] == [(str(one), one.harmless) for one in plan.problems]


def test_a_training_takes_the_splits_of_folders_and_says_so(tmp_path: Path) -> None:
    planned(tmp_path, {**SETS["splits in folders"], "labels.csv": ROWS})
    found, problems = photos_of_table(tmp_path / "labels.csv", tmp_path, None)
    assert [one.row.split for one in found] == ["train", "train", "val", "test"]
    assert [str(one) for one in problems] == ["the folders train, val, test give the splits"]


def test_a_training_on_the_table_of_one_folder_takes_its_photos(tmp_path: Path) -> None:
    files = photos("train/1.png", "train/2.png", "test/1.png", "test/2.png")
    planned(tmp_path, {**files, "test/labels.csv": "filename,label\n1.png,cat\n2.png,dog\n"})
    found, _ = photos_of_table(tmp_path / "test" / "labels.csv", tmp_path, None)
    assert [(one.path.relative_to(tmp_path).as_posix(), one.label) for one in found] == [
        ("test/1.png", "cat"),
        ("test/2.png", "dog"),
    ]


@pytest.mark.parametrize("answer", ["match", "leave"])
def test_a_training_asks_the_question_of_the_import(tmp_path: Path, answer: str) -> None:
    table = "filename,label\nold/1.png,cat\nold/2.png,dog\nx/3.png,cat\n"
    planned(tmp_path, {**photos("new/1.png", "new/2.png", "x/3.png"), "labels.csv": table})
    asked = plan_folder(tmp_path).questions
    with pytest.raises(QuestionsOpen) as raised:
        photos_of_table(tmp_path / "labels.csv", tmp_path, None)
    assert [one.id for one in raised.value.questions] == [one.id for one in asked] == ["folders"]
    found, _ = photos_of_table(tmp_path / "labels.csv", tmp_path, None, answers={"folders": answer})
    plan = plan_folder(tmp_path, answers={"folders": answer})
    assert len(found) == sum(one.label is not None for one in plan.candidates) == (3 if answer == "match" else 1)


def test_a_link_to_nothing_beside_the_photos_stops_no_training(tmp_path: Path) -> None:
    planned(tmp_path, {"1.png": photo(), "labels.csv": "filename,label\n1.png,cat\n"})
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    found, _ = photos_of_table(tmp_path / "labels.csv", tmp_path, None)
    assert [one.label for one in found] == ["cat"]


@pytest.mark.parametrize("beside", [None, "patient2", "left"])
def test_rows_of_a_folder_beside_the_given_one_are_asked(tmp_path: Path, beside: str | None) -> None:
    """Rows of patient2 took the photos of patient1 in silence."""
    own, other = ("right", "left") if beside == "left" else ("patient1", "patient2")
    planned(tmp_path, photos(f"photos/{own}/001.png"))
    if beside:
        (tmp_path / "photos" / beside).mkdir()
    folder, labels = tmp_path / "photos" / own, tmp_path / "labels.csv"
    labels.write_text(f"filename,label\n{other}/001.png,cat\n")
    assert [one.kind for one in plan_folder(folder, labels).questions] == ["folders"]
    with pytest.raises(QuestionsOpen, match="another folder"):
        photos_of_table(labels, folder, None)
    found, _ = photos_of_table(labels, folder, None, answers={"folders": "match"})
    assert [one.path for one in found] == [folder / "001.png"]
    for row in (f"photos/{own}/001.png", f"/home/ann/{own}/001.png", "001.png", "images/001.png"):
        labels.write_text(f"filename,label\n{row},cat\n")
        assert not plan_folder(folder, labels).questions
        assert len(photos_of_table(labels, folder, None)[0]) == 1


def test_a_training_follows_no_links_out_of_the_folder_and_skips_what_systems_add(tmp_path: Path) -> None:
    planned(tmp_path, photos("photos/a.png", "photos/__MACOSX/b.png", "elsewhere/c.png"))
    (tmp_path / "photos" / "c.png").symlink_to(tmp_path / "elsewhere" / "c.png")
    labels = tmp_path / "labels.csv"
    labels.write_text("filename,label\na.png,cat\nb.png,cat\nc.png,cat\n")
    found, problems = photos_of_table(labels, tmp_path / "photos", None)
    assert [one.path.name for one in found] == ["a.png"]
    said = [str(one) for one in problems]
    assert "c.png was skipped: it is a link that leads out of the folder" in said
    assert any("b.png is not among the files" in one for one in said)


def test_a_table_beside_the_labels_may_have_a_suffix_in_capitals(tmp_path: Path) -> None:
    planned(tmp_path, {**photos("photos/a.png"), "boxes.csv": "a.png,10,5,12,6,cow\n"})
    with pytest.raises(QuestionsOpen, match="four numbers"):
        photos_of_table(tmp_path / "boxes.csv", tmp_path / "photos", None)
    (tmp_path / "classes.CSV").write_text("cow,0\n")
    found, _ = photos_of_table(tmp_path / "boxes.csv", tmp_path / "photos", None)
    assert [(one.label, one.row.box) for one in found] == [("cow", Box(10, 5, 2, 1))]
