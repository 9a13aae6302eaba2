"""The frozen table that a run is trained on: of a project, of a labels.csv, written and read back."""

import io
import json
import os
import string
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text

from core.data.importing.plan_import import plan_folder, run_import
from core.data.pictures.decoding import Decoded, content_hash, decode
from core.data.snapshot import (
    BOX_COLUMNS,
    COLUMNS,
    GROUP,
    SIZE_COLUMNS,
    Snapshot,
    check_trainable,
    snapshot_of_project,
    snapshot_of_table,
)
from core.data.splits import SPLITS
from core.data.store.store import BoxRow, Store
from core.data.tables.labels_csv import Problem
from core.errors import DataError, LabelsError, QuestionsOpen, TooLittleData
from tests.data.builders import labelled_project, open_store, picture


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def snapshot(*rows: tuple[str, str], classes: tuple[str, ...] | None = None) -> Snapshot:
    """A snapshot of (label, split) pairs."""
    cells = [(f"h{number}", f"/p/{number}", f"{number}.png", *row) for number, row in enumerate(rows)]
    frame = pd.DataFrame(cells, columns=list(COLUMNS))
    return Snapshot(
        frame, classes if classes is not None else tuple(dict.fromkeys(row[0] for row in rows)), "classification"
    )


# Of a project


def test_of_a_project_are_its_labelled_images_with_splits(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"] * 7 + ["duck"] * 3 + [None])
    store.remove_images(project_id, [ids[0]], "ann")
    store.assign_splits(project_id)
    made = snapshot_of_project(store, project_id)
    assert list(made.frame.columns) == list(COLUMNS)
    assert made.classes == ("owl", "duck") and made.task == "classification"
    assert made.frame["filename"].tolist() == [f"photo {number}.png" for number in range(1, 10)]
    assert made.counts().to_numpy().tolist()[1] == [1, 1, 1]
    rows = store.images(project_id)
    assert made.frame["split"].tolist() == [row.split for row in rows if row.label]
    for row in made.frame.itertuples():
        assert Path(str(row.path)).is_absolute()
        assert content_hash(decode(Path(str(row.path)), "a").image) == row.image
    assert made.part("val")["split"].tolist() == ["val"] * len(made.part("val"))
    assert made.part("val").index.tolist() == list(range(len(made.part("val"))))
    check_trainable(made)


def test_looking_at_a_snapshot_writes_no_splits_and_no_revision(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"] * 8 + ["duck"] * 8)
    before = store.revision(project_id)
    looked = snapshot_of_project(store, project_id)
    assert store.revision(project_id) == before
    assert {row.split for row in store.images(project_id)} == {None}
    store.assign_splits(project_id)  # what was shown is what is written
    kept = [row.split for row in store.images(project_id)]
    assert kept == looked.frame["split"].tolist() and set(kept) == {"train", "val", "test"}
    assert store.revision(project_id) == before + 1
    store.assign_splits(project_id)
    assert store.revision(project_id) == before + 1  # nothing was left to write
    store.annotate(project_id, ids[:1], None, "ann")
    assert snapshot_of_project(store, project_id).frame["split"].tolist() == kept[1:]


def test_later_edits_never_change_a_snapshot(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "owl", "duck", "duck"])
    made = snapshot_of_project(store, project_id)
    before = made.digest, made.frame.copy()
    store.annotate(project_id, ids[:1], "duck", "ann")
    store.rename_class(project_id, store.classes(project_id)[0].id, "swan", "ann")
    assert made.digest == before[0] and made.frame.equals(before[1])
    assert snapshot_of_project(store, project_id).digest != made.digest


def test_a_project_without_a_val_part_gets_it_out_of_train_in_the_snapshot_only(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"] * 14 + ["duck"] * 14)
    splits = ["test" if number % 7 == 0 else "train" for number in range(28)]
    store.apply_labels(project_id, [(i, None, split) for i, split in zip(ids, splits, strict=True)], "ann", "import")
    made = snapshot_of_project(store, project_id)
    assert made.counts().to_numpy().tolist() == [[10, 2, 2], [10, 2, 2]]
    assert made.frame.loc[made.frame["split"] == "test", "filename"].tolist() == [
        f"photo {n}.png" for n in (0, 7, 14, 21)
    ]
    assert [row.split for row in store.images(project_id)] == splits


def test_an_empty_project_has_an_empty_snapshot(store: Store) -> None:
    made = snapshot_of_project(store, store.create_project("empty").id)
    assert len(made.frame) == 0 and made.counts().shape == (0, 3)


# Of a labels.csv and a folder


def folder_of(tmp_path: Path, pictures: dict[str, int], csv: str) -> tuple[Path, Path]:
    images = tmp_path / "images"
    for name, number in pictures.items():
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        (images / name).write_bytes(picture(number))
    labels = tmp_path / "labels.csv"
    labels.write_text(csv, encoding="utf-8")
    return labels, images


def test_near_duplicates_have_a_group_that_is_kept_but_changes_no_digest(store: Store, tmp_path: Path) -> None:
    """The head's cross-validation keeps them together. Snapshots of before, which have no groups, stay comparable."""
    project_id, _ = labelled_project(store, ["owl", "duck"] * 4)
    assert GROUP not in snapshot_of_project(store, project_id).frame
    with store._engine.begin() as connection:
        for row in store.images(project_id)[:3]:
            connection.execute(text("UPDATE pictures SET phash = '00000000000000ff' WHERE hash = :h"), {"h": row.hash})
    made = snapshot_of_project(store, project_id)
    groups = made.frame[GROUP].tolist()
    assert groups[0] == groups[1] == groups[2] and len(set(groups)) == 6
    made.write(tmp_path / "snapshot.csv")
    again = Snapshot.read(tmp_path / "snapshot.csv")
    assert again.frame.equals(made.frame)
    assert Snapshot(made.frame.drop(columns=GROUP), made.classes, made.task, made.split_seed).digest == made.digest


def test_of_a_table(tmp_path: Path) -> None:
    names = [f"sub folder/Vögel {number}.png" for number in range(24)]
    csv = "filename,label\n" + "".join(f"{name},{number % 12}\n" for number, name in enumerate(names))
    labels, images = folder_of(tmp_path, {name: number for number, name in enumerate(names)}, csv)
    seen: list[tuple[int, int]] = []
    made, problems = snapshot_of_table(labels, images, progress=lambda done, total: seen.append((done, total)))
    assert problems == []
    assert seen == [(number, 24) for number in range(1, 25)]
    assert made.classes == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
    assert made.frame["filename"].tolist() == names
    assert made.frame["path"].tolist() == [str(images / name) for name in names]
    assert made.counts()[["train", "val"]].to_numpy().tolist() == [[1, 1]] * 12
    check_trainable(made)
    again, _ = snapshot_of_table(labels, images)
    assert again.digest == made.digest
    assert snapshot_of_table(labels, images, seed=1)[0].digest != made.digest


def test_everything_that_is_wrong_with_a_table_is_said_and_the_rest_is_taken(tmp_path: Path) -> None:
    labels, images = folder_of(
        tmp_path,
        {"a.png": 1, "b.png": 2, "copy of a.png": 1, "c.png": 3, "c again.png": 3, "unlabelled.png": 4},
        "filename,label,split\na.png,owl,train\nb.png,duck,val\ncopy of a.png,owl,test\nbroken.png,owl,train\n"
        "missing.png,owl,train\nc.png,owl,\nc again.png,duck,\nunlabelled.png,,\n",
    )
    (images / "broken.png").write_bytes(picture(9)[:200])
    made, problems = snapshot_of_table(labels, images)
    assert made.frame[["filename", "label", "split"]].to_numpy().tolist() == [
        ["copy of a.png", "owl", "test"],
        ["b.png", "duck", "val"],
    ]
    said = "\n".join(map(str, problems))
    for piece in (
        "line 5: broken.png was skipped: ",
        "line 6: missing.png is not among the files; add the photo or delete the row",
        "line 4: a.png, copy of a.png are the same photo: kept once, in test and not in the other splits",
        "line 7: c.png, c again.png are the same photo with different labels (owl, duck): neither is used, so it is",
        "line 8: c.png, c again.png are the same photo with different labels (owl, duck): neither is used, so it is",
        "line 9: no label; unlabelled.png counts as unlabelled",
    ):
        assert piece in said


def test_spellings_of_one_class_are_one_class_of_the_snapshot_as_in_a_project(tmp_path: Path) -> None:
    names = ["Cat ", "cat", "dog", "CAT", "Dog"]
    csv = "filename,label\n" + "".join(f"{place}.png,{name}\n" for place, name in enumerate(names))
    # The last one is a copy of the first: the same label, so it is kept once and not left out.
    pictures = {f"{place}.png": place % 5 for place in range(6)}
    labels, images = folder_of(tmp_path, pictures, csv + "5.png,cat\n")
    with pytest.raises(QuestionsOpen, match="differ only in case"):
        snapshot_of_table(labels, images)
    one = {"class-case": "one"}
    made, problems = snapshot_of_table(labels, images, answers=one)
    assert made.classes == ("Cat", "dog")
    assert made.frame["label"].tolist() == ["Cat", "Cat", "dog", "Cat", "dog"]
    said = [str(problem) for problem in problems]
    assert 'line 3: the label "cat" differs from "Cat" (line 2) only by case' in said
    store = open_store(tmp_path)
    project = store.create_project("Pets")
    list(run_import(plan_folder(images, labels, answers=one), store, project.id, "ann"))
    assert [info.name for info in store.classes(project.id)] == list(made.classes)


def test_classes_that_differ_only_in_case_are_kept_apart_in_a_snapshot(tmp_path: Path) -> None:
    csv = "filename,label\n" + "".join(f"{place}.png,{name}\n" for place, name in enumerate("aAaAbb"))
    labels, images = folder_of(tmp_path, {f"{place}.png": place for place in range(6)}, csv)
    made, _ = snapshot_of_table(labels, images, answers={"class-case": "two"})
    assert sorted(made.classes) == ["A", "a", "b"]
    assert made.frame["label"].tolist() == [*"aAaAbb"]


def test_equal_photos_of_a_letter_and_its_capital_contradict_each_other(tmp_path: Path) -> None:
    csv = "filename,label\n0.png,a\n1.png,A\n2.png,b\n"
    labels, images = folder_of(tmp_path, {"0.png": 7, "1.png": 7, "2.png": 2}, csv)
    made, problems = snapshot_of_table(labels, images, answers={"class-case": "two"})
    assert made.frame["label"].tolist() == ["b"]
    assert any("different labels (a, A)" in str(problem) for problem in problems)


def test_spellings_of_one_class_are_one_class_of_every_box(tmp_path: Path) -> None:
    csv = "filename,label,x,y,width,height\na.png,Owl,1,1,3,4\na.png,owl,1,1,9,9\nb.png,OWL,1,1,5,5\n"
    labels, images = folder_of(tmp_path, {"a.png": 1, "b.png": 2}, csv)
    made, _ = snapshot_of_table(labels, images, answers={"class-case": "one"})
    assert made.classes == ("Owl",) and made.frame["width"].tolist() == [9, 5]


def test_boxes_go_into_the_snapshot(tmp_path: Path) -> None:
    csv = "filename,label,x,y,width,height\na.png,owl,1,2.5,3,4\nb.png,owl,,,,\n"
    labels, images = folder_of(tmp_path, {"a.png": 1, "b.png": 2}, csv)
    made, problems = snapshot_of_table(labels, images)
    assert made.task == "localization"
    assert list(made.frame.columns) == [*COLUMNS, *BOX_COLUMNS, *SIZE_COLUMNS]
    width, height = Image.open(images / "a.png").size
    assert made.frame[[*BOX_COLUMNS, *SIZE_COLUMNS]].to_numpy().tolist() == [[1, 2.5, 3, 4, width, height]]
    assert "line 3: b.png has no box, so it is skipped" in map(str, problems)
    made.write(tmp_path / "snapshot.csv")
    read = Snapshot.read(tmp_path / "snapshot.csv")
    pd.testing.assert_frame_equal(read.frame, made.frame)
    assert read.digest == made.digest
    aside, _ = snapshot_of_table(labels, images, task="classification")
    assert aside.task == "classification" and list(aside.frame.columns) == list(COLUMNS) and len(aside.frame) == 2


def test_boxes_outside_their_picture_are_told_and_never_clipped(tmp_path: Path) -> None:
    rows = ["a.png,owl,500,500,9,9", "b.png,owl,-5,0,20,9", "c.png,owl,1,1,9,9", "c.png,duck,900,1,99,99"]
    pictures = {"a.png": 1, "b.png": 2, "c.png": 3}
    labels, images = folder_of(tmp_path, pictures, "\n".join(["filename,label,x,y,width,height", *rows]))
    made, problems = snapshot_of_table(labels, images, answers={"box-beyond": "keep"})
    assert made.frame["filename"].tolist() == ["b.png", "c.png"]
    assert made.frame[list(BOX_COLUMNS)].to_numpy().tolist() == [[-5, 0, 20, 9], [1, 1, 9, 9]]
    assert made.frame["label"].tolist() == ["owl", "owl"]
    said = {(problem.line, problem.text.split(":")[0]) for problem in problems}
    assert (2, "the box of a.png is skipped") in said and (2, "a.png has no box, so it is skipped") in said
    assert (3, "the box of b.png extends 5 pixels beyond the photo; it is kept unchanged") in said
    assert (5, "the box of c.png is skipped") in said


def test_one_class_is_enough_where_boxes_are_learned(tmp_path: Path) -> None:
    csv = "filename,label,split,x,y,width,height\n" + "".join(
        f"{number}.png,owl,{split},1,1,9,9\n" for number, split in enumerate(["train", "train", "val"])
    )
    labels, images = folder_of(tmp_path, {f"{number}.png": number for number in range(3)}, csv)
    check_trainable(snapshot_of_table(labels, images)[0])
    with pytest.raises(TooLittleData, match="only one class"):
        check_trainable(snapshot_of_table(labels, images, task="classification")[0])


def test_a_localization_project_gives_its_largest_boxes(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Owls", "localization", ["owl", "duck"])
    for number in range(4):
        image = decode(picture(number), "it").image
        row, _ = store.add_image(project.id, Decoded(image, (), "PNG", False), b"", f"{number}.png")
        if number < 3:
            boxes = [BoxRow("duck", 1, 1, 2, 2), BoxRow("owl", 2, 2, 6, 5)]
            store.set_boxes(project.id, row.id, boxes, "teacher")
    made = snapshot_of_project(store, project.id)
    assert made.task == "localization" and made.frame["label"].tolist() == ["owl"] * 3
    assert made.frame[[*BOX_COLUMNS, *SIZE_COLUMNS]].to_numpy().tolist() == [[2, 2, 6, 5, *image.size]] * 3


def test_a_table_with_train_and_test_only(tmp_path: Path) -> None:
    rows = [
        (f"{number}.png", "owl" if number % 2 else "duck", "test" if number < 4 else "train") for number in range(28)
    ]
    csv = "filename,label,split\n" + "".join(",".join(row) + "\n" for row in rows)
    labels, images = folder_of(tmp_path, {row[0]: number for number, row in enumerate(rows)}, csv)
    made, problems = snapshot_of_table(labels, images)
    assert made.counts().to_numpy().tolist() == [[10, 2, 2], [10, 2, 2]]
    assert set(made.part("test")["filename"]) == {"0.png", "1.png", "2.png", "3.png"}
    remark = "There was no validation set, so one training image in six was moved there: 4 in all."
    assert problems == [Problem(None, remark)]


def test_a_turned_photo_and_its_upright_copy_are_one_picture(tmp_path: Path) -> None:
    upright = Image.open(io.BytesIO(picture(1)))
    exif = Image.Exif()
    exif[0x0112] = 3
    labels, images = folder_of(tmp_path, {"a.png": 1}, "filename,label\na.png,owl\nb.png,owl\n")
    upright.transpose(Image.Transpose.ROTATE_180).save(images / "b.png", exif=exif)
    made, problems = snapshot_of_table(labels, images)
    assert made.frame["filename"].tolist() == ["a.png"]
    assert [str(problem) for problem in problems] == ["line 2: a.png, b.png are the same photo: kept once"]


def test_what_cannot_be_begun_with(tmp_path: Path) -> None:
    labels, _ = folder_of(tmp_path, {}, "")
    with pytest.raises(DataError, match="There is no folder"):
        snapshot_of_table(labels, tmp_path / "nowhere")
    with pytest.raises(LabelsError):
        snapshot_of_table(labels, tmp_path)


def test_a_climbing_name_reads_nothing_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(picture(1))
    labels, images = folder_of(tmp_path, {"a.png": 2}, "filename,label\n../secret.png,owl\na.png,duck\n")
    made, problems = snapshot_of_table(labels, images)
    assert made.frame["filename"].tolist() == ["a.png"]
    text = "line 2: ../secret.png is not among the files; add the photo or delete the row"
    assert text in [str(problem) for problem in problems]


# Written and read


HASH = st.text(string.hexdigits, min_size=1, max_size=8)
TEXT = st.text(st.characters(exclude_characters="\x00"), max_size=12) | st.sampled_from(
    [
        "0",
        "007",
        "1e5",
        "nan",
        "NA",
        "None",
        "=1+2",
        "'=1",
        " blank ",
        'quo"te',
        "a,b",
        "a\nb",
        "a\r",
        "\udce9",
        "#",
        "é",
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(HASH, TEXT, TEXT, TEXT, st.sampled_from(SPLITS)), max_size=6),
    box=st.none() | st.tuples(*[st.none() | st.floats(allow_nan=False, allow_infinity=False)] * 4),
    more=st.lists(TEXT, max_size=2),
)
def test_writing_and_reading_is_lossless(
    tmp_path: Path, rows: list[tuple[str, ...]], box: tuple[float | None, ...] | None, more: list[str]
) -> None:
    columns = [*COLUMNS, *(BOX_COLUMNS if box else ())]
    frame = pd.DataFrame([[*row, *(box or ())] for row in rows], columns=columns, dtype=object)
    made = Snapshot(
        frame, tuple(dict.fromkeys([row[3] for row in rows] + more)), "localization" if box else "classification"
    )
    made.write(tmp_path / "snapshot.csv")
    read = Snapshot.read(tmp_path / "snapshot.csv")
    pd.testing.assert_frame_equal(read.frame, made.frame)
    assert (read.classes, read.task, read.digest) == (made.classes, made.task, made.digest)
    assert all(isinstance(cell, str) for cell in read.frame["label"])


def test_the_digest_tells_data_apart_and_does_not_see_where_they_lie() -> None:
    made = snapshot(("owl", "train"), ("duck", "val"))
    elsewhere = Snapshot(made.frame.assign(path="/other"), made.classes, made.task)
    assert elsewhere.digest == made.digest
    for column, value in {"image": "x", "filename": "x", "label": "owl", "split": "test"}.items():
        assert Snapshot(made.frame.assign(**{column: value}), made.classes, made.task).digest != made.digest
    assert Snapshot(made.frame, ("duck", "owl"), made.task).digest != made.digest
    assert Snapshot(made.frame, made.classes, "localization").digest != made.digest


def test_a_snapshot_that_was_edited_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.csv"
    snapshot(("owl", "train"), ("duck", "val")).write(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["snapshot.csv"]
    path.write_text(path.read_text().replace("1.png,duck", "1.png,owl"))
    with pytest.raises(DataError, match="was changed after it was written"):
        Snapshot.read(path)


@pytest.mark.parametrize(
    "content", ["", "filename,label\n", "[]\n", '{"snapshot": 1}\n', '# {"snapshot": 1, "classes": 3}\na\nb,c\n']
)
def test_what_is_no_snapshot_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "snapshot.csv"
    with pytest.raises(DataError, match="There is no snapshot"):
        Snapshot.read(path)
    path.write_text(content)
    with pytest.raises(DataError, match="not a snapshot"):
        Snapshot.read(path)


def test_a_snapshot_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.csv"
    snapshot(("owl", "train")).write(path)
    head, rest = path.read_text().split("\n", 1)
    head = json.dumps({**json.loads(head[1:]), "snapshot": 2})
    path.write_text(f"# {head}\n{rest}")
    with pytest.raises(DataError, match="another version"):
        Snapshot.read(path)


def test_a_workspace_that_is_moved_takes_its_snapshots_along(store: Store, tmp_path: Path) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    run = store.workspace.runs / "run-1"
    run.mkdir()
    made = snapshot_of_project(store, project_id)
    made.write(run / "snapshot.csv")
    store.close()
    os.rename(store.workspace.root, tmp_path / "moved")  # noqa: PTH104
    read = Snapshot.read(tmp_path / "moved" / "runs" / "run-1" / "snapshot.csv")
    assert all(Path(path).is_file() for path in read.frame["path"])
    assert read.digest == made.digest


# Enough to train on


def test_two_images_in_two_classes_are_enough() -> None:
    check_trainable(snapshot(("owl", "train"), ("owl", "val"), ("duck", "train"), ("duck", "val")))


def test_all_that_is_missing_is_named_in_one_sentence() -> None:
    poor = snapshot(("owl", "train"), ("duck", "test"), ("duck", "test"), classes=("owl", "duck", "swan"))
    with pytest.raises(TooLittleData) as caught:
        check_trainable(poor)
    assert str(caught.value) == (
        'There is not enough data to train on: every class needs at least two images ("owl" has 1, "swan" has 0); '
        'the training set has no image of "duck"; the validation set is empty. '
        "Label at least two images in each of at least two classes, or remove empty classes."
    )


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (snapshot(), "there are no labelled images"),
        (snapshot(classes=("owl", "duck")), "there are no labelled images"),
        (snapshot(("owl", "train"), ("owl", "val")), 'there is only one class ("owl")'),
        (snapshot(*[("owl", "train")] * 3, *[("duck", "train")] * 3), "the validation set is empty"),
        (
            snapshot(*[(str(number), "train") for number in range(30)]),
            'every class needs at least two images ("0" has 1, "1" has 1, "2" has 1, "3" has 1, "4" has 1, "5" has 1, '
            '"6" has 1, "7" has 1, "8" has 1, "9" has 1 and 20 more)',
        ),
    ],
)
def test_too_little(made: Snapshot, words: str) -> None:
    with pytest.raises(TooLittleData) as caught:
        check_trainable(made)
    assert words in str(caught.value)


def test_the_seed_of_the_split_is_recorded_and_older_snapshots_have_none(tmp_path: Path) -> None:
    columns = ["image", "path", "filename", "label", "split"]
    frame = pd.DataFrame([("a", "/a.png", "a.png", "x", "train")], columns=columns)
    written = Snapshot(frame, ("x",), "classification", 5)
    written.write(tmp_path / "new.csv")
    assert Snapshot.read(tmp_path / "new.csv").split_seed == 5
    older = Snapshot(frame, ("x",), "classification")
    assert older.digest == written.digest
    older.write(tmp_path / "old.csv")
    assert "split_seed" not in (tmp_path / "old.csv").read_text()
    assert Snapshot.read(tmp_path / "old.csv").split_seed is None
    (tmp_path / "odd.csv").write_text(
        (tmp_path / "new.csv").read_text().replace('"split_seed": 5', '"split_seed": "5"')
    )
    assert Snapshot.read(tmp_path / "odd.csv").split_seed is None
