"""Split labelled images into train, val and test: stratified, seeded, and stable when images are added.

Each class fills blocks of seven places: five train, one val, one test. The places of a block are shuffled by (seed,
class, block), and images take them in order. So the first part of a list is split as it is in the whole list: appending
images never moves earlier ones. Only the first block is not shuffled freely: its first two places are train and val (in
the seed's order) and the third is test, so that two images of a class can be trained and validated on, and three give
all parts.

An image that has a split keeps it and takes the first open place of that kind, so later images fill the gaps. Images
of one group (near-duplicates) share a split, whatever their labels, so that the model is not tested on what it was
trained on. A group larger than a class's share of val goes to train as a whole, see ``adjust_groups``. In no other way
can adding images move others.

A group that a person named (a person, a camera, a day) is never divided, however large it is: see
``place_whole_groups``. A group that has a split keeps it when images are added, and new images of it join it there.

``complete`` fills in imported splits:

- some images have train, val or test, some have none: the latter are split as above;
- train and test only: every sixth image that is not in test becomes val. The test part is left exactly as it was;
- only train: this is no split at all, so all images are split as above;
- train and val only: left unchanged, without a test part.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.data.grouping.group_splits import divide_groups
from core.errors import DataError

SPLITS = ("train", "val", "test")
RATIOS = (0.70, 0.15, 0.15)
VALIDATION_ONLY = (5 / 6, 1 / 6, 0.0)


@dataclass(frozen=True)
class SplitItem:
    """One labelled image that needs a split, or has one."""

    key: str  # its name in the result
    label: str
    group: str  # images of one group get the same split
    split: str | None = None
    named: bool = False  # a person named its group


def assign(items: Sequence[SplitItem], seed: int = 0, ratios: tuple[float, float, float] = RATIOS) -> dict[str, str]:
    """Return the split of every item by key, in their order."""
    of_group: dict[str, str] = {}
    for item in items:
        if item.split is not None:
            of_group.setdefault(item.group, item.split)
    places: dict[str, _Places] = {}
    splits: dict[str, str] = {}
    for item in items:
        mine = places.setdefault(item.label, _Places(seed, item.label, ratios))
        split = item.split or of_group.get(item.group)
        if split is None:
            split = of_group[item.group] = mine.take()
        else:
            mine.take(split)
        splits[item.key] = split
    return splits


def adjust_groups(items: Sequence[SplitItem], parts: int = 2) -> list[SplitItem]:
    """Return the items with groups that ``assign`` can split, those with a split first.

    ``parts`` is the number of parts besides train. A group with more than two images and more than a seventh of a class
    goes to train, because a burst of photos would otherwise be most of the test set. In a class without splits the
    smallest groups are exempt, one for each other part. A class with too few groups for that is divided image by image:
    near-duplicates in two splits are better than no test at all.

    New images of a group that has a split join it there. They go to train if the group is in several splits already,
    or would become most of val or test.
    """
    if len({item.group for item in items}) == len(items):
        return list(items)
    splits_of: dict[str, set[str]] = {}
    classes: dict[str, Counter[str]] = {}  # how many images of each group a class has
    for item in items:
        classes.setdefault(item.label, Counter())[item.group] += 1
        if item.split is not None:
            splits_of.setdefault(item.group, set()).add(item.split)
    to_train: set[str] = set()
    divided: set[tuple[str, str]] = set()  # label and group
    for label, sizes in classes.items():
        own = sorted(sizes, key=sizes.__getitem__)
        new = [group for group in own if group not in splits_of]
        torn = {group for group in own if len(splits_of.get(group, ())) > 1}
        if len(own) <= parts:
            divided.update((label, group) for group in (*new, *torn))
            continue
        large = {group for group in own if sizes[group] > max(2, sizes.total() / 7)}
        left = max(0, parts - (len(own) - len(new)))
        to_train |= torn | (large & set(new[left:]))
        to_train |= {group for group in large if group in splits_of and "train" not in splits_of[group]}
    adjusted = [
        item
        if item.split is not None
        else replace(item, group=f"{item.group} {item.key}")
        if (item.label, item.group) in divided
        else replace(item, split="train")
        if item.group in to_train
        else item
        for item in items
    ]
    # Train images take their places before the smaller groups take the open ones.
    return sorted(adjusted, key=lambda item: item.split is None)


def place_whole_groups(
    items: Sequence[SplitItem], seed: int = 0, ratios: tuple[float, float, float] = RATIOS
) -> list[SplitItem]:
    """Return the items with a split for each whose group a person named; the others are left to ``assign``.

    New images join their group. Where earlier splits have divided the group, they go to train.
    """
    if not any(item.named for item in items):
        return list(items)
    sides: dict[str, set[str]] = {}
    for item in items:
        if item.named and item.split is not None:
            sides.setdefault(item.group, set()).add(item.split)
    known = {group: min(found) if len(found) == 1 else "train" for group, found in sides.items()}
    new: dict[str, Counter[str]] = {}
    fixed: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    others: Counter[str] = Counter()
    for item in items:
        split = item.split or (known.get(item.group) if item.named else None)
        if split is not None:
            fixed[split][item.label] += 1
        elif item.named:
            new.setdefault(item.group, Counter())[item.label] += 1
        else:
            others[item.label] += 1
    known |= divide_groups(new, fixed, others, seed, dict(zip(SPLITS, ratios, strict=True)))
    return [replace(item, split=known[item.group]) if item.named and not item.split else item for item in items]


def splits_of_new(items: Sequence[SplitItem], seed: int = 0) -> dict[str, str]:
    """Return the split of every item that has none, by key; the others keep theirs.

    While imported splits lack a validation part, new items join train, or their group in test: see ``complete``.
    """
    new = [item for item in items if item.split is None]
    if not new:
        return {}
    if not lacks_validation(items):
        # Those with a split first: they take their places, and the new ones fill the open ones.
        placed = adjust_groups(place_whole_groups(items, seed))
        found = assign(sorted(placed, key=lambda item: item.split is None), seed)
        return {item.key: found[item.key] for item in new}
    tested = {item.group for item in items if item.split == "test"}
    if tested:
        return {item.key: "test" if item.group in tested else "train" for item in new}
    placed = place_whole_groups(items, seed)
    return {item.key: at.split or "train" for item, at in zip(items, placed, strict=True) if item.split is None}


def complete(items: Sequence[SplitItem], seed: int = 0) -> tuple[dict[str, str], str | None]:
    """Return the split of every item by key, and a sentence if existing splits had to be changed."""
    if not lacks_validation(items):
        found = assign(adjust_groups(place_whole_groups(items, seed)), seed)
        return {item.key: found[item.key] for item in items}, None
    if any(item.split == "test" for item in items):
        tested = {item.group for item in items if item.split == "test"}
        found = {
            item.key: "test" for item in items if item.split == "test" or (not item.split and item.group in tested)
        }
        rest = [replace(item, split=None) for item in items if item.key not in found]
        rest = place_whole_groups(rest, seed, VALIDATION_ONLY)
        found |= assign(adjust_groups(rest, parts=1), seed, VALIDATION_ONLY)
        taken = sum(split == "val" for split in found.values())
        what = "one training image in six was moved there"
        if any(item.named for item in items):
            what = f"about {what} in whole groups"
        remark = f"There was no validation set, so {what}: {taken} in all."
        return {item.key: found[item.key] for item in items}, remark
    rest = place_whole_groups([replace(item, split=None) for item in items], seed)
    found = assign(adjust_groups(rest), seed)
    moved = any(split != "train" for split in found.values())
    remark = "All images were in train, so validation and test sets were taken from them."
    return {item.key: found[item.key] for item in items}, remark if moved else None


def lacks_validation(items: Sequence[SplitItem]) -> bool:
    """Return whether imported splits lack a validation part, which is then taken from train.

    Until then an image without a split belongs to train. The rule above never leaves a class with two images in train
    and none in val, so such a class shows that the splits were imported.
    """
    counts = Counter(item.split for item in items)
    if counts["val"] or not counts["train"]:
        return False
    # A named group counts once: a class in one group only is all in train by the rule, too.
    in_train = {
        (item.label, item.group if item.named else item.key, item.named) for item in items if item.split == "train"
    }
    return counts["test"] > 0 or max(Counter(label for label, _, _ in in_train).values()) > 1


class _Places:
    """The places of one class: open places are taken from the front, block after block."""

    def __init__(self, seed: int, label: str, ratios: tuple[float, float, float]) -> None:
        self._blocks = _blocks(seed, label, ratios)
        self._open: dict[str, deque[int]] = {
            split: deque() for split, ratio in zip(SPLITS, ratios, strict=True) if ratio > 0
        }
        self._count = 0

    def take(self, split: str | None = None) -> str:
        """Take the first open place, or the first of that kind if the kind has places."""
        if split is None:
            if not any(self._open.values()):
                self._add_block()
            split = min((places[0], kind) for kind, places in self._open.items() if places)[1]
        elif split not in self._open:
            return split
        while not self._open[split]:
            self._add_block()
        self._open[split].popleft()
        return split

    def _add_block(self) -> None:
        for kind in next(self._blocks):
            self._open[kind].append(self._count)
            self._count += 1


def _blocks(seed: int, label: str, ratios: tuple[float, float, float]) -> Iterator[list[str]]:
    if min(ratios) < 0 or ratios[0] <= 0 or abs(sum(ratios) - 1) > 0.001:
        raise DataError(f"Split ratios {ratios} are not valid: use three shares that add up to 1, with some for train.")
    others = {split: ratio for split, ratio in zip(SPLITS[1:], ratios[1:], strict=True) if ratio > 0}
    size = round(1 / min(others.values())) if others else 1
    parts = [split for split, ratio in others.items() for _ in range(round(ratio * size))]
    block = ["train"] * (size - len(parts)) + parts
    number = 0
    while True:
        # Sorted by a hash instead of shuffled by a generator: the same on every machine and version, for ever.
        ranks = {place: _rank(seed, label, number, place) for place in range(size)}
        places = [block[place] for place in sorted(ranks, key=ranks.__getitem__)]
        if number == 0:
            first = sorted(("train", "val"), key=places.index) if "val" in others else ["train"]
            first += ["test"] if "test" in others else []
            for split in first:
                places.remove(split)
            places = first + places
        yield places
        number += 1


def _rank(seed: int, label: str, block: int, place: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{label}\n{block}\n{place}".encode()).digest()
