"""How far people agree on labels, beyond what chance would give: Cohen's and Fleiss' kappa; and where they do not.

Cohen, "A coefficient of agreement for nominal scales", 1960. Fleiss, "Measuring nominal scale agreement among many
raters", 1971. Fleiss has the same number of raters for each image; here an image counts with those it had, which is
his formula where all had the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.data.store.records import Opinion


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance: 1 is full agreement, 0 what chance would give, below 0 less than that."""

    value: float | None  # None where chance alone would always agree (all said the same), or nothing can be compared
    observed: float  # share of pairs of opinions on the same image that agree
    images: int  # that two people or more gave a label


@dataclass(frozen=True)
class AnnotatorPair:
    """Two people who labelled some of the same images."""

    first: str
    second: str
    kappa: Kappa


@dataclass(frozen=True)
class Agreement:
    """Agreement over all images that two people or more gave a label."""

    people: tuple[str, ...]
    overall: Kappa  # Cohen's for two people, Fleiss' for more
    by_class: dict[str, Kappa]  # this class against all others
    pairs: tuple[AnnotatorPair, ...]  # Cohen's, of each two people with images in common

    @property
    def name(self) -> str:
        return "Cohen's kappa" if len(self.people) == 2 else "Fleiss' kappa"


@dataclass(frozen=True)
class Disagreement:
    """An image to which people gave different labels."""

    image_id: int
    opinions: tuple[Opinion, ...]  # the oldest first
    settled: bool  # an adjudicator decided, and nobody has spoken since


def cohen(first: Sequence[str], second: Sequence[str]) -> Kappa:
    """The agreement of two people on the same images."""
    names = sorted({*first, *second})
    place = {name: number for number, name in enumerate(names)}
    table = np.zeros((len(names), len(names)))
    for one, other in zip(first, second, strict=True):
        table[place[one], place[other]] += 1
    images = len(first)
    if not images:
        return Kappa(None, 0.0, 0)
    observed = float(np.trace(table)) / images
    expected = float((table.sum(0) * table.sum(1)).sum()) / images**2
    return Kappa(_beyond_chance(observed, expected), observed, images)


def fleiss(counts: np.ndarray) -> Kappa:
    """The agreement of several people; ``counts`` [images, classes]: how many gave the image the class."""
    shared = counts[counts.sum(1) >= 2].astype(float)
    if not len(shared):
        return Kappa(None, 0.0, 0)
    raters = shared.sum(1)
    agreeing = ((shared**2).sum(1) - raters) / (raters * (raters - 1))
    shares = shared.sum(0) / raters.sum()
    observed = float(agreeing.mean())
    return Kappa(_beyond_chance(observed, float((shares**2).sum())), observed, len(shared))


def agreement_of(opinions: Iterable[Opinion], classes: Sequence[str]) -> Agreement | None:
    """The agreement on images with two opinions or more; None where there are none."""
    said = _by_image(opinions)
    shared = [{one.who: one.label for one in some} for some in said.values() if len(some) >= 2]
    if not shared:
        return None
    people = tuple(sorted({who for image in shared for who in image}, key=str.casefold))
    pairs = []
    for first, second in combinations(people, 2):
        both = [image for image in shared if first in image and second in image]
        if both:
            kappa = cohen([image[first] for image in both], [image[second] for image in both])
            pairs.append(AnnotatorPair(first, second, kappa))
    place = {name: number for number, name in enumerate(classes)}
    counts = np.zeros((len(shared), len(classes)), int)
    for row, image in enumerate(shared):
        for label in image.values():
            counts[row, place[label]] += 1
    if len(people) == 2:
        one, other = ([image[who] for image in shared] for who in people)
        by_class = {
            name: cohen([str(label == name) for label in one], [str(label == name) for label in other])
            for name in classes
        }
        overall = pairs[0].kappa
    else:
        rest = counts.sum(1)
        by_class = {name: fleiss(np.stack([counts[:, n], rest - counts[:, n]], 1)) for n, name in enumerate(classes)}
        overall = fleiss(counts)
    used = {name: kappa for name, kappa in by_class.items() if counts[:, place[name]].any()}
    return Agreement(people, overall, used, tuple(pairs))


def disagreements(opinions: Iterable[Opinion], adjudicated: Mapping[int, int]) -> list[Disagreement]:
    """The images to which people gave different labels; ``adjudicated`` names the change that decided on an image."""
    found = []
    for image_id, some in _by_image(opinions).items():
        if len({one.label for one in some}) > 1:
            settled = adjudicated.get(image_id, 0) > max(one.change_id for one in some)
            found.append(Disagreement(image_id, tuple(some), settled))
    return found


def _by_image(opinions: Iterable[Opinion]) -> dict[int, list[Opinion]]:
    said: dict[int, list[Opinion]] = defaultdict(list)
    for one in opinions:
        said[one.image_id].append(one)
    return said


def _beyond_chance(observed: float, expected: float) -> float | None:
    return None if expected >= 1 else (observed - expected) / (1 - expected)
