"""Divide whole groups among train, val and test, so that each class is spread as evenly as the groups allow.

The largest groups choose first: each goes where it brings the classes nearest to their shares. Then groups move, or
change places, as long as that helps. Above all each class shall be in train, then in val, then in test, as far as it
has groups for that: one group can only be trained on.

Groups that have a split are never moved. Which groups go where depends on the seed only where sizes are equal.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from core.errors import DataError

Sizes = Mapping[str, int]
"""How many photos there are of each class."""

NEEDED_GROUPS = {"train": 1, "val": 2, "test": 3}
"""In how many groups a class must be, so that this split gets some of it."""
_WEIGHTS = {"train": 9.0, "val": 3.0, "test": 1.5}
"""What it costs that a class is missing in a split; the squared distance of one class from its share is below 1."""
_MOST_ROUNDS = 20
_MOST_SWAPPED = 120
"""Groups that also change places with each other: their pairs are tried one by one."""
_GAIN = 1e-9


def divide_groups(
    groups: Mapping[str, Sizes],
    fixed: Mapping[str, Sizes],
    others: Sizes,
    seed: int,
    shares: Mapping[str, float],
) -> dict[str, str]:
    """Return the split of each group.

    ``groups`` are the sizes of the groups that need one, ``fixed`` the photos that each split has already, ``others``
    the photos that will be divided one by one. ``shares`` are the wanted shares of the splits, which add up to 1; a
    split with the share 0 gets nothing.
    """
    if not groups:
        return {}
    found = _Division(groups, fixed, others, shares)
    order = sorted(groups, key=lambda name: (-sum(groups[name].values()), _rank(seed, name)))
    for name in order:
        found.put(name, min(found.splits, key=lambda split: found.cost_of_adding(groups[name], split)))
    for _ in range(_MOST_ROUNDS):
        moved = [found.improve(name) for name in reversed(order)]  # the small groups first: they change the least
        swapped = len(order) <= _MOST_SWAPPED and found.swap_some(order)
        if not any(moved) and not swapped:
            break
    return {name: found.split_of[name] for name in groups}


def classes_in_one_group(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the classes of which all photos belong to one group, with that group, from (class, group) of photos."""
    groups_of: dict[str, set[str]] = {}
    for label, group in pairs:
        groups_of.setdefault(label, set()).add(group)
    return {label: next(iter(groups)) for label, groups in groups_of.items() if len(groups) == 1}


def groups_on_several_sides(pairs: Iterable[tuple[str, str | None]]) -> dict[str, tuple[str, ...]]:
    """Return the groups with photos in more than one split, with these splits, from (group, split) of photos."""
    sides: dict[str, set[str]] = {}
    for group, split in pairs:
        if split is not None:
            sides.setdefault(group, set()).add(split)
    return {
        group: tuple(split for split in NEEDED_GROUPS if split in found)
        for group, found in sides.items()
        if len(found) > 1
    }


class _Division:
    """The photos of each class in each split, and how far they are from what is wanted."""

    def __init__(
        self, groups: Mapping[str, Sizes], fixed: Mapping[str, Sizes], others: Sizes, shares: Mapping[str, float]
    ) -> None:
        self._groups = groups
        self.splits = tuple(split for split in NEEDED_GROUPS if shares.get(split, 0) > 0)
        if "train" not in self.splits or abs(sum(shares.values()) - 1) > 0.001:
            raise DataError(f"The shares {dict(shares)} are not valid: they must add up to 1, with some for train.")
        self._counts: dict[str, Counter[str]] = {split: Counter(fixed.get(split, {})) for split in self.splits}
        self._totals = Counter(others)
        holders = Counter(others)
        for sizes in [*groups.values(), *(fixed.get(split, {}) for split in self.splits)]:
            self._totals.update(sizes)
            holders.update(label for label, size in sizes.items() if size)
        self._wanted = {
            split: {label: shares[split] * total for label, total in self._totals.items()} for split in self.splits
        }
        self._owed = {
            split: {label for label, number in holders.items() if number >= NEEDED_GROUPS[split]}
            for split in self.splits
        }
        self.split_of: dict[str, str] = {}

    def put(self, name: str, split: str) -> None:
        """Put a group into a split, out of the one that it is in."""
        if name in self.split_of:
            self._counts[self.split_of[name]].subtract(self._groups[name])
        self._counts[split].update(self._groups[name])
        self.split_of[name] = split

    def cost_of_adding(self, sizes: Sizes, split: str, sign: int = 1) -> float:
        """Return by how much it gets worse if a group is added to a split, or taken away with the sign -1."""
        counts = self._counts[split]
        return sum(
            self._cost(split, label, counts[label] + sign * size) - self._cost(split, label, counts[label])
            for label, size in sizes.items()
        )

    def improve(self, name: str) -> bool:
        """Move a group to the split where that helps most; return whether it moved."""
        here, sizes = self.split_of[name], self._groups[name]
        away = self.cost_of_adding(sizes, here, -1)
        change, best = min(
            ((away + self.cost_of_adding(sizes, split), split) for split in self.splits if split != here),
            default=(0.0, here),
        )
        if change > -_GAIN:
            return False
        self.put(name, best)
        return True

    def swap_some(self, names: Sequence[str]) -> bool:
        """Let pairs of groups change places where that helps; return whether any did."""
        swapped = False
        for one, other in combinations(names, 2):
            mine, theirs = self.split_of[one], self.split_of[other]
            if mine == theirs:
                continue
            before = self._cost_of(one, other, mine, theirs)
            self.put(one, theirs)
            self.put(other, mine)
            if self._cost_of(one, other, mine, theirs) < before - _GAIN:
                swapped = True
            else:
                self.put(one, mine)
                self.put(other, theirs)
        return swapped

    def _cost_of(self, one: str, other: str, *splits: str) -> float:
        labels = sorted({*self._groups[one], *self._groups[other]})
        return sum(self._cost(split, label, self._counts[split][label]) for split in splits for label in labels)

    def _cost(self, split: str, label: str, count: int) -> float:
        distance = (count - self._wanted[split][label]) / self._totals[label]
        missing = count <= 0 and label in self._owed[split]
        return distance * distance + (_WEIGHTS[split] if missing else 0.0)


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{name}".encode(errors="surrogatepass")).digest()
