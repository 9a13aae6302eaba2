"""What changed backgrounds say, in sentences with their numbers: never more than the intervals allow."""

from collections import Counter
from typing import Any

from core.inspection.background import figures
from core.inspection.background.regions import REGIONS
from core.inspection.background.result import Background
from core.inspection.background.variants import BACKGROUND, ORIGINAL, VARIANTS
from core.inspection.measuring.report import Rate

FEW = 30
"""With fewer photos, only large effects can be seen."""


def headline(found: Background) -> str:
    """Return the answer to "Is it the background?", in one sentence."""
    outside = REGIONS[found.region].outside
    if not found.photos:
        return "No photo could be used. Choose another region."
    if not better_than_guessing(found):
        return "The model is not clearly better than guessing on these photos, so there is nothing to test."
    rate, paired = figures.accuracy(found, BACKGROUND), figures.gap(found)
    enough = f"{outside} alone is enough to recognise {'most' if (rate.value or 0) > 0.5 else 'some'} photos"
    swaps = paired is not None and paired.clear
    if informative(found):
        said = f"{enough}, and swapping it changes answers." if swaps else f"{enough}."
    elif swaps:
        said = f"swapping {outside} changes answers."
    else:
        return f"No clear sign that {outside} decides."
    # Only boxes say for sure what is background: beyond a hot region or the middle there may be parts of the object.
    return f"Yes, in part: {said}" if found.region == "boxes" else said[:1].upper() + said[1:]


def sentences(found: Background) -> list[str]:
    """Return what the figures say, the most important first."""
    if not found.photos or not better_than_guessing(found):
        return []
    said = [_alone_sentence(found), _gap_sentence(found), _follows_sentence(found), _few_sentence(found)]
    return [one for one in said if one]


def better_than_guessing(found: Background) -> bool:
    """Whether the model is better than guessing on the original photos, beyond chance."""
    return _above(figures.accuracy(found, ORIGINAL), figures.guessing(found))


def informative(found: Background) -> bool:
    """Whether the model recognises photos by their background alone, beyond chance."""
    return _above(figures.accuracy(found, BACKGROUND), figures.guessing(found))


def photos_sentence(found: Background) -> str:
    """Return which photos were used, what counts as the object, and which photos were left out."""
    used, size = len(found.photos), _mean_area(found)
    of = "" if used == found.available else f" of {found.available:,}"
    text = f"{used:,}{of} validation photos. The object is {REGIONS[found.region].object}"
    text += f": on average {size:.0%} of what the model sees." if used else "."
    if found.left_out:
        reasons = Counter(one.reason for one in found.left_out)
        listed = "; ".join(f"{count:,}: {reason}" for reason, count in reasons.most_common())
        text += f" Left out: {listed}."
    return text


def as_json(found: Background) -> dict[str, Any]:
    """Return all figures for programs, with the answers to each photo."""
    paired = figures.gap(found)
    return {
        "region": found.region,
        "n": len(found.photos),
        "available": found.available,
        "left_out": [one.model_dump() for one in found.left_out],
        "classes": list(found.classes),
        "verdict": headline(found),
        "sentences": sentences(found),
        "caution": REGIONS[found.region].caution,
        "guessing": figures.guessing(found),
        "accuracy": {name: rate.model_dump() for name, rate in figures.accuracies(found).items()},
        "gap": None
        if paired is None
        else {"difference": paired.difference, "low": paired.low, "high": paired.high, "n": paired.n},
        "follows_background": figures.follows(found).model_dump(),
        "follows_background_without_it": figures.follows_already(found).model_dump(),
        "flips": {
            variant: [
                {
                    "class": row.name,
                    "right": row.right,
                    "flipped": row.flipped.model_dump(),
                    "to": dict(row.to),
                    "to_background": row.to_background.model_dump(),
                }
                for row in figures.flips(found, variant)
            ]
            for variant in VARIANTS
            if variant != ORIGINAL
        },
        "photos": [_photo_as_json(found, place) for place in range(len(found.photos))],
        "seconds": found.seconds,
    }


def interval(rate: Rate) -> str:
    """Return the 95% interval as "61 to 79%"; a dash where there is none."""
    return "–" if rate.low is None or rate.high is None else f"{100 * rate.low:.0f} to {rate.high:.0%}"


def _photo_as_json(found: Background, place: int) -> dict[str, Any]:
    one = found.photos[place]
    donor = None if one.other_from is None else found.photos[one.other_from]
    return {
        "image": one.image,
        "filename": one.filename,
        "label": found.classes[one.label],
        "area": round(one.area, 4),
        "other_background": None if donor is None else donor.filename,
        "other_background_class": None if donor is None else found.classes[donor.label],
        "answers": {
            variant: {"prediction": found.classes[answer.index], "probability": round(answer.probability, 6)}
            for variant, answer in one.answers.items()
        },
    }


def _alone_sentence(found: Background) -> str:
    rate, guessed = figures.accuracy(found, BACKGROUND), figures.guessing(found)
    if rate.value is None:
        return ""
    said = (
        f"With only {REGIONS[found.region].outside} left, {_share(rate)} of {rate.n:,} photos are still recognised "
        f"(95% confidence interval {interval(rate)}). Guessing the most frequent class gives {guessed:.0%}."
    )
    if informative(found):
        return said
    return f"{said} So this is not clearly better than guessing."


def _gap_sentence(found: Background) -> str:
    paired = figures.gap(found)
    if paired is None:
        return ""
    number = _percent(paired.difference)
    points = f"{number} percentage point{'' if number in ('1', '−1') else 's'}"
    between = f"95% confidence interval {_percent(paired.low)} to {_percent(paired.high)}"
    said = (
        f"On backgrounds of the same class the accuracy is {_share(paired.same)}, on those of another class "
        f"{_share(paired.other)}. The difference is {points} ({between})."
    )
    return said if paired.low > 0 or paired.high < 0 or not paired.difference else f"{said} It may well be chance."


def _follows_sentence(found: Background) -> str:
    rate, already = figures.follows(found), figures.follows_already(found)
    if not rate.n:
        return ""
    if not rate.correct:
        return f"None of the {rate.n:,} answers on a background of another class names that class."
    before = f"{already.correct:,} did so" if already.correct else "none did so"
    return (
        f"On a background of another class, {rate.correct:,} of {rate.n:,} answers ({_share(rate)}) name the class of "
        f"that background; {before} on the original photos."
    )


def _few_sentence(found: Background) -> str:
    paired = figures.gap(found)
    if paired is None or paired.clear:
        return ""
    hidden = f"effect of up to {100 * max(0.0, paired.high):.0f} percentage points may stay hidden."
    return f"With only {paired.n:,} photos, an {hidden}" if paired.n < FEW else f"An {hidden}"


def _percent(share: float) -> str:
    """Return a share in per cent with a true minus sign, and none before a zero."""
    return f"{round(100 * share) + 0:d}".replace("-", "−")


def _share(rate: Rate) -> str:
    return "–" if rate.value is None else f"{rate.value:.0%}"


def _above(rate: Rate, baseline: float) -> bool:
    return rate.low is not None and rate.low > baseline


def _mean_area(found: Background) -> float:
    return sum(one.area for one in found.photos) / max(1, len(found.photos))
