"""Snapshots of photos in groups: the column group, the header, tables with such a column, remarks and errors."""

from pathlib import Path

import pytest
from sqlalchemy import text

from core.data.grouping.merged_groups import PhotoGroup, merged_groups
from core.data.snapshot import GROUP, Snapshot, check_trainable, snapshot_of_project, snapshot_of_table
from core.errors import LabelsError, TooLittleData
from tests.data.builders import labelled_project, open_store, picture


def write_table(folder: Path, people: int, each: int = 3, header: str = "driver", classes: int = 2) -> Path:
    """Photos of people in all classes, with a table that names the person."""
    (folder / "images").mkdir(parents=True)
    lines = [f"filename,label,{header}"]
    for person in range(people):
        for number in range(each * classes):
            name = f"{person}_{number}.png"
            (folder / "images" / name).write_bytes(picture(100 * person + number))
            lines.append(f"{name},class {number % classes},person {person}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "labels.csv"


def sides(snapshot: Snapshot) -> dict[str, set[str]]:
    return {name: set(rows["split"]) for name, rows in snapshot.frame.groupby(GROUP)}


def test_of_a_project_the_groups_of_people_count_and_the_header_says_so(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project, ids = labelled_project(store, ["owl", "duck"] * 9)
    assert snapshot_of_project(store, project).grouped_by is None
    plain = snapshot_of_project(store, project).digest
    store.set_groups(project, {number: f"person {place // 6}" for place, number in enumerate(ids[:12])}, "ann")
    made = snapshot_of_project(store, project)
    assert made.grouped_by == "user"
    assert made.frame[GROUP].tolist()[:12] == ["person 0"] * 6 + ["person 1"] * 6
    assert made.frame[GROUP].tolist()[12:] == made.frame["image"].tolist()[12:]
    assert all(len(found) == 1 for found in sides(made).values())
    made.write(tmp_path / "snapshot.csv")
    again = Snapshot.read(tmp_path / "snapshot.csv")
    assert again.grouped_by == "user" and again.frame.equals(made.frame) and again.digest == made.digest
    store.set_groups(project, dict.fromkeys(ids), "ann")
    assert snapshot_of_project(store, project).digest == plain
    store.close()


def test_a_copy_without_a_group_belongs_to_the_group_of_its_original(tmp_path: Path) -> None:
    """A resized copy of a driver's photo lay in the test set, while the driver was in train."""
    store = open_store(tmp_path)
    project, ids = labelled_project(store, ["owl", "duck"] * 6)
    rows = store.images(project)
    with store._engine.begin() as connection:
        for row in (rows[0], rows[11]):
            connection.execute(text("UPDATE pictures SET phash = '00000000000000ff' WHERE hash = :h"), {"h": row.hash})
    store.set_groups(project, dict.fromkeys(ids[:6], "anna") | dict.fromkeys(ids[6:11], "bo"), "ann")
    made = snapshot_of_project(store, project)
    assert made.frame[GROUP].tolist() == ["anna"] * 6 + ["bo"] * 5 + ["anna"]
    assert all(len(found) == 1 for found in sides(made).values())
    store.close()


def test_near_duplicates_in_other_groups_and_splits_are_said(tmp_path: Path) -> None:
    """A photo saved again in the folder of another day was in test, while the first was in train."""
    store = open_store(tmp_path)
    project, ids = labelled_project(store, ["owl", "duck"] * 7)
    rows = store.images(project)
    days = {number: f"day {place // 2}" for place, number in enumerate(ids)}
    store.set_groups(project, days, "ann")
    splits = ["train"] * 10 + ["val"] * 2 + ["test"] * 2
    store.apply_labels(project, [(number, None, split) for number, split in zip(ids, splits, strict=True)], "ann", "")
    assert snapshot_of_project(store, project).remarks == store.group_state(project).remarks == ()
    with store._engine.begin() as connection:
        for row in (rows[0], rows[4], rows[13]):  # the second one is in the same split, where it does no harm
            connection.execute(text("UPDATE pictures SET phash = '00000000000000ff' WHERE hash = :h"), {"h": row.hash})
    pair = "photo 0.png (day 0, training) and photo 13.png (day 6, test)"
    said = f"One photo has a near-duplicate in another group and another split: {pair}. "
    for (remark,) in (snapshot_of_project(store, project).remarks, store.group_state(project).remarks):
        assert remark.startswith(said)
    store.close()


def test_a_snapshot_of_a_project_says_which_groups_its_splits_divide(tmp_path: Path) -> None:
    """A training that started while groups were half moved said nothing."""
    store = open_store(tmp_path)
    project, ids = labelled_project(store, ["owl", "duck"] * 7)
    store.assign_splits(project)
    store.set_groups(project, {number: f"day {place // 7}" for place, number in enumerate(ids)}, "ann")
    (remark,) = snapshot_of_project(store, project).remarks
    assert "several splits" in remark and "day 0" in remark
    store.split_by_group(project, "ann")
    assert snapshot_of_project(store, project).remarks == ()
    store.close()


def test_named_groups_come_before_near_duplicates() -> None:
    named = {"h1": None, "h2": "anna", "h3": "bo", "h4": None, "h5": None}
    alike = {"h1": "h1", "h2": "h1", "h3": "h1", "h4": "h4", "h5": "h4"}
    assert merged_groups(named, alike) == {
        "h1": PhotoGroup("anna", True),
        "h2": PhotoGroup("anna", True),
        "h3": PhotoGroup("bo", True),
        "h4": PhotoGroup("h4", False),
        "h5": PhotoGroup("h4", False),
    }


def test_of_a_table_the_only_column_that_names_groups_is_taken_and_said(tmp_path: Path) -> None:
    labels = write_table(tmp_path, people=7)
    made, problems = snapshot_of_table(labels, tmp_path / "images")
    assert made.grouped_by == "user" and set(made.frame[GROUP]) == {f"person {n}" for n in range(7)}
    assert all(len(found) == 1 for found in sides(made).values())
    assert set(made.frame["split"]) == {"train", "val", "test"}
    check_trainable(made)
    assert [str(one) for one in problems if one.harmless] == [
        "line 1: the column driver is read as the group: photos of one driver stay in one split"
    ]
    apart, _ = snapshot_of_table(labels, tmp_path / "images", group_column="none")
    assert apart.grouped_by is None and GROUP not in apart.frame


def test_training_does_not_guess_between_two_columns(tmp_path: Path) -> None:
    labels = write_table(tmp_path, people=3, header="driver,camera")
    lines = labels.read_text(encoding="utf-8").splitlines()
    labels.write_text("\n".join([lines[0], *(f"{line},front" for line in lines[1:])]), encoding="utf-8")
    with pytest.raises(
        LabelsError, match=r'several columns .*: driver, camera\. Choose one with --group-column "driver"'
    ):
        snapshot_of_table(labels, tmp_path / "images")
    made, _ = snapshot_of_table(labels, tmp_path / "images", group_column="Driver")
    assert set(made.frame[GROUP]) == {"person 0", "person 1", "person 2"}
    with pytest.raises(LabelsError, match=r"no free column person to group by\. Its free columns are: driver, "):
        snapshot_of_table(labels, tmp_path / "images", group_column="person")


def test_a_class_of_one_person_and_a_divided_person_are_said(tmp_path: Path) -> None:
    labels = write_table(tmp_path, people=4)
    lines = labels.read_text(encoding="utf-8").splitlines()
    rare = [line.replace("class 1", "rare") if line.startswith("2_") else line for line in lines[1:]]
    splits = ["train"] * 6 + ["val"] * 6 + ["train", "test"] * 3 + ["test"] * 6
    table = [f"{lines[0]},split", *(f"{line},{split}" for line, split in zip(rare, splits, strict=True))]
    labels.write_text("\n".join(table), encoding="utf-8")
    made, problems = snapshot_of_table(labels, tmp_path / "images")
    said = " ".join(one.text for one in problems)
    assert "The class rare is in one group only (person 2), so it cannot be tested on a new group." in said
    assert "One group is in several splits: person 2 is in training and test." in said
    assert made.frame["split"].tolist() == splits  # what the table says is never changed


def test_a_single_person_cannot_be_validated_and_the_error_says_why(tmp_path: Path) -> None:
    made, problems = snapshot_of_table(write_table(tmp_path, people=1, each=6), tmp_path / "images")
    assert any("All photos are in one group (person 0)" in one.text for one in problems)
    with pytest.raises(TooLittleData, match="the validation set is empty, because all photos are in one group") as told:
        check_trainable(made)
    assert "Add photos of other groups, remove the groups" in str(told.value)
