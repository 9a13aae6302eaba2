"""Agreement between annotators beyond chance, as Cohen's and Fleiss' kappa, and the images on which they disagree.

Cohen, "A coefficient of agreement for nominal scales", 1960, as implemented in scikit-learn. Fleiss, "Measuring nominal
scale agreement among many raters", 1971. Fleiss requires the same number of raters for each image. Here the number may
differ between images; if it is constant, this is his formula.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.data.store.records import Opinion


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance: 1 is full agreement, 0 is chance level, below 0 is worse than chance."""

    value: float | None  # None if undefined: all labels are the same class, or there is nothing to compare
    observed: float  # share of pairs of labels on the same image that agree
    images: int  # images labelled by two or more annotators


@dataclass(frozen=True)
class AnnotatorPair:
    """Two annotators who labelled some of the same images."""

    first: str
    second: str
    kappa: Kappa


@dataclass(frozen=True)
class Agreement:
    """Agreement over all images that two or more annotators labelled."""

    people: tuple[str, ...]
    overall: Kappa  # Cohen's for two annotators, Fleiss' for more
    by_class: dict[str, Kappa]  # this class against all others
    pairs: tuple[AnnotatorPair, ...]  # Cohen's, for every two annotators with images in common

    @property
    def name(self) -> str:
        return "Cohen's kappa" if len(self.people) == 2 else "Fleiss' kappa"


@dataclass(frozen=True)
class Disagreement:
    """An image that annotators labelled differently."""

    image_id: int
    opinions: tuple[Opinion, ...]  # the oldest first
    settled: bool  # an adjudicator has decided, and nobody has labelled it since


def cohen(first: Sequence[str], second: Sequence[str]) -> Kappa:
    """Return Cohen's kappa of two annotators on the same images."""
    images = len(first)
    if not images:
        return Kappa(None, 0.0, 0)
    observed = sum(one == other for one, other in zip(first, second, strict=True)) / images
    if len({*first, *second}) == 1:  # agreement by chance is certain, and kappa 0 / 0
        return Kappa(None, observed, images)
    from sklearn.metrics import cohen_kappa_score  # here, because it takes a second to import

    return Kappa(float(cohen_kappa_score(first, second)), observed, images)


def fleiss(counts: np.ndarray) -> Kappa:
    """Return Fleiss' kappa; ``counts`` [images, classes] is how many annotators gave the image the class."""
    shared = counts[counts.sum(1) >= 2].astype(float)
    if not len(shared):
        return Kappa(None, 0.0, 0)
    raters = shared.sum(1)
    agreeing = ((shared**2).sum(1) - raters) / (raters * (raters - 1))
    shares = shared.sum(0) / raters.sum()
    observed = float(agreeing.mean())
    expected = float((shares**2).sum())
    kappa = None if expected >= 1 else (observed - expected) / (1 - expected)
    return Kappa(kappa, observed, len(shared))


def agreement_of(opinions: Iterable[Opinion], classes: Sequence[str]) -> Agreement | None:
    """Return the agreement on images with two or more labels, or None if there are none."""
    labels = _by_image(opinions)
    shared = [{one.who: one.label for one in some} for some in labels.values() if len(some) >= 2]
    if not shared:
        return None
    people = tuple(sorted({who for image in shared for who in image}, key=lambda who: (who.casefold(), who)))
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
    """Return the images with different labels; ``adjudicated`` maps an image to the change that decided on it."""
    found = []
    for image_id, some in _by_image(opinions).items():
        if len({one.label for one in some}) > 1:
            settled = adjudicated.get(image_id, 0) > max(one.change_id for one in some)
            found.append(Disagreement(image_id, tuple(some), settled))
    return found


def _by_image(opinions: Iterable[Opinion]) -> dict[int, list[Opinion]]:
    by_image: dict[int, list[Opinion]] = defaultdict(list)
    for one in opinions:
        by_image[one.image_id].append(one)
    return by_image
