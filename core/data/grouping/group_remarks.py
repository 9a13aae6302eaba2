"""Say in words what groups mean for a split: classes that cannot be tested, groups in several splits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.data.grouping.group_splits import classes_in_one_group, groups_on_several_sides

ALONE = " "
_SHOWN = 3
_SIDES = {"train": "training", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class PlacedPhoto:
    """A photo of a group that a person named, and where it is."""

    filename: str
    group: str
    split: str | None
    alike: str  # equal for near-duplicates


def few_groups_remarks(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return what a split by group cannot do, from (class, group) of all photos.

    The name of a group that nobody named begins with ALONE.
    """
    groups = {group for _, group in pairs}
    if len(groups) == 1:
        return [f"All photos are in one group ({next(iter(groups))}), so nothing is left to validate and test on."]
    remarks = []
    if len(groups) == 2:
        remarks.append("There are only two groups: one to train on and one to validate on. No photo is left to test.")
    alone = {label: group for label, group in classes_in_one_group(pairs).items() if not group.startswith(ALONE)}
    for label, group in list(alone.items())[:_SHOWN]:
        remarks.append(f"The class {label} is in one group only ({group}), so it cannot be tested on a new group.")
    if len(alone) > _SHOWN:
        more = len(alone) - _SHOWN
        remarks.append(f"The same holds for {'one more class' if more == 1 else f'{more:,} more classes'}.")
    return remarks


def sides_remark(sides: Mapping[str, Sequence[str]]) -> str:
    """Return a sentence on groups that are in several splits, with an example."""
    name, splits = next(iter(sides.items()))
    *others, last = [_SIDES[split] for split in splits]
    where = f"{', '.join(others)} and {last}"
    if len(sides) == 1:
        return f"One group is in several splits: {name} is in {where}. Its results are too good for a new group."
    return (
        f"{len(sides):,} groups are in several splits, such as {name}, which is in {where}. "
        "The results are too good for a new group."
    )


def leak_remarks(photos: Sequence[PlacedPhoto]) -> list[str]:
    """Return what makes the results too good: groups in several splits, and near-duplicates across groups."""
    torn = groups_on_several_sides((photo.group, photo.split) for photo in photos)
    return [remark for remark in (sides_remark(torn) if torn else "", copies_remark(photos)) if remark]


def copies_remark(photos: Iterable[PlacedPhoto]) -> str:
    """Return a sentence on near-duplicates in different groups and splits, with an example; empty if there are none."""
    alike: dict[str, list[PlacedPhoto]] = {}
    for photo in photos:
        if photo.split is not None:
            alike.setdefault(photo.alike, []).append(photo)
    pairs = []
    for copies in alike.values():
        first = copies[0]
        apart = [copy for copy in copies if copy.split != first.split and copy.group != first.group]
        pairs += [(first, copy) for copy in apart]
    if not pairs:
        return ""
    one, other = (f"{photo.filename} ({photo.group}, {_SIDES[photo.split or '']})" for photo in pairs[0])
    what = "One photo has a near-duplicate" if len(pairs) == 1 else f"{len(pairs):,} photos have near-duplicates"
    such = ":" if len(pairs) == 1 else ", such as"
    return (
        f"{what} in another group and another split{such} {one} and {other}. "
        "The results are too good for new photos. Put them into one group, or delete one of them."
    )
