"""The figures of changed backgrounds: accuracy by variant, flips by class, and what follows the background."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.inspection.background.result import Background, PhotoAnswers
from core.inspection.background.variants import BACKGROUND, ORIGINAL, OTHER, SAME, VARIANTS
from core.inspection.measuring.comparison import Comparison, compare_predictions
from core.inspection.measuring.report import Rate


@dataclass(frozen=True)
class ClassFlips:
    """The photos of one class that were right as they are, and what became of them in a variant."""

    name: str
    right: int
    """Photos of the class that were right as they are and have the variant."""
    flipped: Rate
    """Those of them that are wrong in the variant."""
    to: tuple[tuple[str, int], ...]
    """The classes that are predicted instead, the most frequent first."""
    to_background: Rate
    """Those of the flipped whose new class is that of the photo that gave the background; none without such a photo."""


@dataclass(frozen=True)
class Gap:
    """How much less accurate the model is on backgrounds of other classes than on backgrounds of the same class.

    Both are pasted in the same way, so the gap is no effect of pasting: the BG-Gap of Xiao et al. 2020.
    """

    same: Rate
    other: Rate
    difference: float
    """The accuracy with ``same`` less that with ``other``, on the photos that have both."""
    low: float
    high: float
    n: int

    @property
    def clear(self) -> bool:
        """Whether other backgrounds cost accuracy beyond chance."""
        return self.low > 0


def accuracy(found: Background, variant: str) -> Rate:
    """Return the accuracy on the photos that have the variant."""
    some = _having(found.photos, variant)
    return Rate.of(sum(one.right(variant) for one in some), len(some))


def accuracies(found: Background) -> dict[str, Rate]:
    """Return the accuracy of each variant, in order."""
    return {variant: accuracy(found, variant) for variant in VARIANTS}


def guessing(found: Background) -> float:
    """Return what guessing reaches on these photos: the share of the most frequent class, or one class at random."""
    counts = Counter(one.label for one in found.photos)
    share = max(counts.values(), default=0) / max(1, len(found.photos))
    return max(share, 1 / len(found.classes))


def gap(found: Background) -> Gap | None:
    """Return the gap, or None if no photo has both variants."""
    both = [one for one in found.photos if SAME in one.answers and OTHER in one.answers]
    if not both:
        return None
    right = {variant: [one.right(variant) for one in both] for variant in (SAME, OTHER)}
    paired: Comparison = compare_predictions("val", right[OTHER], right[SAME])
    rates = {variant: Rate.of(sum(some), len(both)) for variant, some in right.items()}
    return Gap(rates[SAME], rates[OTHER], paired.difference, paired.low, paired.high, len(both))


def follows(found: Background) -> Rate:
    """Return how many answers to a background of another class are the class of the photo that it is from."""
    some = _having(found.photos, OTHER)
    return Rate.of(sum(_follows(found, one) for one in some), len(some))


def follows_already(found: Background) -> Rate:
    """Return how many answers to the same photos as they are name that class already: confusions, not backgrounds."""
    some = _having(found.photos, OTHER)
    return Rate.of(sum(_follows(found, one, ORIGINAL) for one in some), len(some))


def flips(found: Background, variant: str) -> list[ClassFlips]:
    """Return the flips of each class of the photos, the class with the largest share first."""
    rows = []
    for index, name in enumerate(found.classes):
        some = [one for one in _having(found.photos, variant) if one.label == index and one.right(ORIGINAL)]
        if not some:
            continue
        gone = [one for one in some if not one.right(variant)]
        to = Counter(found.classes[one.answers[variant].index] for one in gone)
        from_other = variant == OTHER
        back = Rate.of(sum(_follows(found, one) for one in gone) if from_other else 0, len(gone) if from_other else 0)
        rows.append(ClassFlips(name, len(some), Rate.of(len(gone), len(some)), tuple(to.most_common()), back))
    return sorted(rows, key=lambda row: -(row.flipped.value or 0))


def flipped(found: Background, variant: str) -> Rate:
    """Return how many photos that are right as they are become wrong in the variant."""
    some = [one for one in _having(found.photos, variant) if one.right(ORIGINAL)]
    return Rate.of(sum(not one.right(variant) for one in some), len(some))


def clearest(found: Background, most: int) -> list[int]:
    """Return the places of the photos that show most, for a person to look at.

    First come photos that are right as they are and get the class of the background instead, the most confident first;
    then those that flip to another class, those that are recognised by their background alone, and any others.
    """

    def order(place: int) -> tuple[int, float]:
        one = found.photos[place]
        other, alone = one.answers.get(OTHER), one.answers.get(BACKGROUND)
        if one.right(ORIGINAL) and other is not None and not one.right(OTHER):
            return (0 if _follows(found, one) else 1), -other.probability
        if one.right(ORIGINAL) and alone is not None and one.right(BACKGROUND):
            return 2, -alone.probability
        return 3, -one.answers[ORIGINAL].probability

    return sorted(range(len(found.photos)), key=order)[:most]


def _having(photos: Sequence[PhotoAnswers], variant: str) -> list[PhotoAnswers]:
    return [one for one in photos if variant in one.answers]


def _follows(found: Background, one: PhotoAnswers, variant: str = OTHER) -> bool:
    assert one.other_from is not None
    return one.answers[variant].index == found.photos[one.other_from].label
