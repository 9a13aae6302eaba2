"""Accuracy by tag, by group, by class, and by class and tag, with the worst of them named.

The figure to watch is the worst-group accuracy (Sagawa et al. 2020, arXiv 1911.08731): a mean hides a shortcut that
fails only where the background differs, such as owls without snow. Their groups are pairs of a class and an attribute;
here the attribute is a tag.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma
from typing import Literal

import pandas as pd

from core.inspection.measuring.report import Rate

Kind = Literal["tag", "group", "class", "class and tag"]
KINDS: tuple[Kind, ...] = ("tag", "group", "class", "class and tag")

FEW = 5
"""With fewer photos, the 95% interval is wider than half of the scale whatever happens: nothing can be said."""
CLEAR = 0.05
NO_TAG = "no tag"


@dataclass(frozen=True)
class Slice:
    """Photos that have something in common, with the accuracy on them and on all others."""

    name: str
    rate: Rate
    others: Rate

    @property
    def few(self) -> bool:
        """Whether there are too few photos to say anything."""
        return self.rate.n < FEW


@dataclass(frozen=True)
class Slices:
    """The slices of one kind, the lowest accuracy first, those with too few photos last."""

    kind: Kind
    rows: tuple[Slice, ...]

    @property
    def compared(self) -> list[Slice]:
        """Those with enough photos."""
        return [one for one in self.rows if not one.few]

    @property
    def worst(self) -> Slice | None:
        """The one with the lowest accuracy; None if fewer than two can be compared, or all are equal."""
        some = self.compared
        if len(some) < 2 or some[0].rate.value == some[-1].rate.value:
            return None
        return some[0]

    @property
    def p_value(self) -> float | None:
        """How often chance alone makes some slice as bad as the worst one, at most; None without a worst one.

        Fisher's exact test, one-sided, of the slice against all other photos, multiplied by the number of slices
        (Bonferroni): the lowest of many is low by chance.
        """
        worst = self.worst
        return None if worst is None else min(1.0, _at_most(worst) * len(self.compared))

    @property
    def clear(self) -> bool:
        """Whether the worst slice is worse than the others beyond chance."""
        p = self.p_value
        return p is not None and p < CLEAR

    @property
    def sentence(self) -> str:
        """The worst slice in words, with its numbers."""
        worst = self.worst
        if worst is None:
            some = self.compared
            if len(some) < 2:
                return f"Fewer than two have {FEW} photos or more, so none can be called the worst."
            return f"The accuracy is {some[0].rate.value:.0%} in all of them."
        rate, others = worst.rate, worst.others
        said = (
            f"The worst is {worst.name}: {rate.value:.0%} of {rate.n:,} photos (95% confidence interval "
            f"{100 * (rate.low or 0):.0f} to {rate.high or 0:.0%}), all others {others.value or 0:.0%}."
        )
        end = f"This is unlikely to be chance (p = {self.p_value:.2g})." if self.clear else "This may well be chance."
        return f"{said} {end}"

    @property
    def few_sentence(self) -> str:
        """How many slices have too few photos; empty if none has."""
        few = sum(one.few for one in self.rows)
        return f"{few:,} of {len(self.rows):,} have fewer than {FEW} photos, too few to say anything." if few else ""


def by_class(predictions: pd.DataFrame) -> Slices:
    """Return the slices by label of a predictions table."""
    labels = predictions["label"].astype(str)
    return _slices("class", predictions, {name: labels == name for name in dict.fromkeys(labels)})


def by_group(predictions: pd.DataFrame, groups: Mapping[str, str]) -> Slices:
    """Return the slices by group; ``groups`` has that of a photo by its content hash, for those that have one."""
    own = predictions["image"].astype(str).map(groups)
    return _slices("group", predictions, {str(name): own == name for name in own.dropna().unique()})


def by_tag(predictions: pd.DataFrame, tags: Mapping[str, Sequence[str]]) -> Slices:
    """Return the slices by tag, and of the photos without any; a photo with several tags is in several slices."""
    own = [tuple(tags.get(image, ())) for image in predictions["image"].astype(str)]
    masks = {name: _with(own, name, predictions) for name in _names(own)}
    bare = pd.Series([not some for some in own], index=predictions.index)
    return _slices("tag", predictions, {**masks, **({NO_TAG: bare} if masks and bare.any() else {})})


def by_class_and_tag(predictions: pd.DataFrame, tags: Mapping[str, Sequence[str]]) -> Slices:
    """Return the slices of each class with and without each tag; a tag that none or all photos have is left out."""
    own = [tuple(tags.get(image, ())) for image in predictions["image"].astype(str)]
    labels = predictions["label"].astype(str)
    masks = {}
    for tag in _names(own):
        has = _with(own, tag, predictions)
        if has.all():
            continue
        for label in dict.fromkeys(labels):
            masks[f"{label}, {tag}"] = (labels == label) & has
            masks[f"{label}, not {tag}"] = (labels == label) & ~has
    return _slices("class and tag", predictions, masks)


def all_slices(
    predictions: pd.DataFrame, tags: Mapping[str, Sequence[str]], groups: Mapping[str, str]
) -> dict[Kind, Slices]:
    """Return the slices of every kind that the photos have."""
    found = (
        by_tag(predictions, tags),
        by_group(predictions, groups),
        by_class(predictions),
        by_class_and_tag(predictions, tags),
    )
    return {one.kind: one for one in found if one.rows}


def _names(own: Iterable[Sequence[str]]) -> list[str]:
    return sorted({name for some in own for name in some}, key=lambda name: (name.casefold(), name))


def _with(own: Sequence[Sequence[str]], name: str, predictions: pd.DataFrame) -> pd.Series:
    return pd.Series([name in some for some in own], index=predictions.index)


def _slices(kind: Kind, predictions: pd.DataFrame, masks: Mapping[str, pd.Series]) -> Slices:
    right = predictions["prediction"].astype(str) == predictions["label"].astype(str)
    found = []
    for name, mask in masks.items():
        inside = mask.to_numpy(dtype=bool)
        if inside.any():
            rate = Rate.of(int(right[inside].sum()), int(inside.sum()))
            found.append(Slice(name, rate, Rate.of(int(right[~inside].sum()), int((~inside).sum()))))
    return Slices(kind, tuple(sorted(found, key=lambda one: (one.few, one.rate.value, -one.rate.n, one.name))))


def _at_most(worst: Slice) -> float:
    """Return the hypergeometric probability of at most as many correct photos in a slice of this size."""
    inside, correct = worst.rate.n, worst.rate.correct
    everything, right = inside + worst.others.n, correct + worst.others.correct
    wrong = everything - right
    whole = _log_comb(everything, inside)
    least = max(0, inside - wrong)
    logs = (_log_comb(right, some) + _log_comb(wrong, inside - some) - whole for some in range(least, correct + 1))
    return min(1.0, sum(exp(one) for one in logs))


def _log_comb(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
