"""The differences between two snapshots."""

import pandas as pd

from core.data.snapshot import Snapshot
from core.data.snapshot_changes import label_changes, snapshot_changes


def snapshot(rows: list[tuple[str, str, str]], classes: str = "ab") -> Snapshot:
    cells = [(image, f"/{image}", f"{image}.png", label, split) for image, label, split in rows]
    return Snapshot(
        pd.DataFrame(cells, columns=["image", "path", "filename", "label", "split"]), tuple(classes), "classification"
    )


FIRST = snapshot([("1", "a", "train"), ("2", "b", "train"), ("3", "b", "val")])


def test_equal_snapshots_have_no_differences() -> None:
    found = snapshot_changes(FIRST, snapshot([("1", "a", "train"), ("2", "b", "train"), ("3", "b", "val")]))
    assert not found.any and found.sentence == ""


def test_every_kind_of_difference_is_counted() -> None:
    later = snapshot([("1", "b", "train"), ("3", "b", "test"), ("4", "c", "train"), ("5", "c", "val")], "bc")
    found = snapshot_changes(FIRST, later)
    assert (found.added, found.removed, found.relabelled, found.moved, found.reboxed) == (2, 1, 1, 1, 0)
    assert found.sentence == (
        "2 photos were added, 1 photo was removed, 1 label was changed, 1 photo was moved to another split, "
        'class "c" is new, class "a" is gone'
    )


def test_a_changed_box_is_a_difference() -> None:
    frame = FIRST.frame.assign(x=0.0, y=0.0, width=5.0, height=5.0, image_width=9.0, image_height=9.0)
    before = Snapshot(frame, ("a", "b"), "localization")
    after = Snapshot(frame.assign(width=[5.0, 6.0, 6.0]), ("a", "b"), "localization")
    assert snapshot_changes(before, after).sentence == "2 boxes were changed"


def test_changed_labels_are_listed_with_both_labels_and_the_split() -> None:
    later = snapshot([("2", "a", "train"), ("3", "a", "test"), ("1", "a", "train"), ("9", "b", "val")])
    found = label_changes(FIRST, later)
    assert found[["image", "earlier_label", "label", "split"]].to_numpy().tolist() == [
        ["2", "b", "a", "train"],
        ["3", "b", "a", "test"],
    ]
    assert label_changes(FIRST, FIRST).empty
