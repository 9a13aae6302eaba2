"""The differences between two snapshots: photos added, removed, relabelled or moved to another split."""

from dataclasses import dataclass

import pandas as pd

from core.data.snapshot import BOX_COLUMNS, Snapshot


@dataclass(frozen=True)
class SnapshotChanges:
    """How a later snapshot differs from an earlier one, in numbers of images; a changed box counts as ``reboxed``."""

    added: int
    removed: int
    relabelled: int
    moved: int
    reboxed: int
    new_classes: tuple[str, ...]
    lost_classes: tuple[str, ...]

    @property
    def any(self) -> bool:
        numbers = (self.added, self.removed, self.relabelled, self.moved, self.reboxed)
        return any((*numbers, self.new_classes, self.lost_classes))

    @property
    def sentence(self) -> str:
        """The differences as a list: ``12 photos were added, 1 label was changed``; empty if there are none."""
        parts = [
            *(_part(number, noun, verb) for number, noun, verb in (
                (self.added, "photo", "added"),
                (self.removed, "photo", "removed"),
                (self.relabelled, "label", "changed"),
                (self.reboxed, "box", "changed"),
                (self.moved, "photo", "moved to another split"),
            )),
            *(f'class "{name}" is new' for name in self.new_classes),
            *(f'class "{name}" is gone' for name in self.lost_classes),
        ]  # fmt: skip
        return ", ".join(part for part in parts if part)


def snapshot_changes(earlier: Snapshot, later: Snapshot) -> SnapshotChanges:
    """Compare two snapshots image by image, by content."""
    if earlier.digest == later.digest:
        return SnapshotChanges(0, 0, 0, 0, 0, (), ())
    before, after = (one.frame.drop_duplicates("image").set_index("image") for one in (earlier, later))
    common = before.index.intersection(after.index)
    before_common, after_common = before.loc[common], after.loc[common]
    sides = [side for side in BOX_COLUMNS if side in before and side in after]
    return SnapshotChanges(
        added=len(after.index.difference(before.index)),
        removed=len(before.index.difference(after.index)),
        relabelled=int((before_common["label"] != after_common["label"]).sum()),
        moved=int((before_common["split"] != after_common["split"]).sum()),
        reboxed=int((before_common[sides] != after_common[sides]).any(axis=1).sum()) if sides else 0,
        new_classes=tuple(name for name in later.classes if name not in earlier.classes),
        lost_classes=tuple(name for name in earlier.classes if name not in later.classes),
    )


def label_changes(earlier: Snapshot, later: Snapshot) -> pd.DataFrame:
    """Return the images of both snapshots whose label differs, in the order of the later one.

    Columns: image, path, filename, split and label of the later snapshot, and ``earlier_label``.
    """
    before = earlier.frame.drop_duplicates("image").set_index("image")["label"]
    after = later.frame.drop_duplicates("image")[["image", "path", "filename", "split", "label"]]
    known = after[after["image"].isin(before.index)]
    known = known.assign(earlier_label=known["image"].map(before))
    return known[known["label"] != known["earlier_label"]].reset_index(drop=True)


def _part(number: int, noun: str, verb: str) -> str:
    if number == 0:
        return ""
    plural = "es" if noun.endswith("x") else "s"
    return f"1 {noun} was {verb}" if number == 1 else f"{number:,} {noun}{plural} were {verb}"
