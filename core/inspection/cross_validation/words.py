"""A result in sentences, for the page and the command line."""

from core.inspection.cross_validation.result import CrossValidation, Estimate
from core.inspection.measuring.report import Rate

WHY_GROUPS = (
    "Photos of one group look alike: the same person, the same day, the same camera. A random split puts them on both "
    "sides, so it is enough to recognise the group."
)


def interval(low: float | None, high: float | None) -> str:
    """Return an interval as "78 to 97%", or a dash where there is none."""
    return "–" if low is None or high is None else f"{100 * low:.0f} to {high:.0%}"


def share(value: float) -> str:
    """Return an accuracy in per cent; what is not quite all of the photos never looks like all of them."""
    return f"{value:.1%}" if 0.99 < value < 1 else f"{value:.0%}"


def in_brackets(estimate: Estimate) -> str:
    """Return an accuracy with its interval: "81% (74 to 87%)", over groups where a person named some."""
    rate: Rate = estimate.accuracy
    over = estimate.over_groups
    if rate.value is None:
        return "–"
    if over is None:
        return f"{share(rate.value)} ({interval(rate.low, rate.high)})"
    if over.low is None:
        return f"{share(rate.value)} (no interval, because there are only {_groups(over.groups)})"
    return f"{share(rate.value)} ({interval(over.low, over.high)})"


def comparison_sentence(result: CrossValidation) -> str:
    """Return what a random split would have claimed, and what holds for new groups; empty without a comparison."""
    if result.random is None:
        return ""
    return (
        f"A random split would have claimed an accuracy of {in_brackets(result.random)}. "
        f"On groups that the model has not seen, it is {in_brackets(result.estimate)}."
    )


def difference_sentence(result: CrossValidation) -> str:
    """Return how much of the claim the groups explain; empty without a comparison, or if it claimed no more."""
    if result.random is None or result.random.accuracy.value is None or result.estimate.accuracy.value is None:
        return ""
    points = round(100 * result.random.accuracy.value) - round(100 * result.estimate.accuracy.value)
    if points <= 0:
        return ""
    found = result.difference
    if found is None or found.low is None or found.high is None or found.low <= 0:
        return f"With {_groups(result.groups)}, this difference may well be chance."
    return (
        f"So {points} percentage points of the claim were the groups, not the classes (95% confidence interval over "
        f"groups: {100 * found.low:.0f} to {100 * found.high:.0f})."
    )


def interval_sentence(result: CrossValidation) -> str:
    """Return the interval, over what it is, and how far the repeats differ."""
    rate, over = result.estimate.accuracy, result.estimate.over_groups
    parts = [f"95% confidence interval over photos: {interval(rate.low, rate.high)}."]
    if over is not None and over.low is not None:
        found = interval(over.low, over.high)
        parts.append(f"Over the {over.groups:,} groups, which is the interval for new groups: {found}.")
    elif over is not None:
        parts.append(
            f"{_groups(over.groups)} {'is' if over.groups == 1 else 'are'} too few for an interval for new groups."
        )
    if len(result.estimate.repeats) > 1:
        low, high = result.estimate.spread
        parts.append(
            f"The {len(result.estimate.repeats)} repeats, each with other folds, reached {low:.1%} to {high:.1%}."
        )
    return " ".join(parts)


def photos_sentence(result: CrossValidation) -> str:
    """Return which photos were used, and that the test photos were not."""
    counted = f"{result.n:,} training and validation photos, each predicted once"
    if result.settings.repeats > 1:
        counted += f" in each of {result.settings.repeats} repeats"
    tested = f"The {result.left_out:,} test photos were not used." if result.left_out else "There are no test photos."
    return f"{counted}, by a model trained on the other {result.folds - 1} of {result.folds} folds. {tested}"


def grouping_sentence(result: CrossValidation) -> str:
    """Return which photos stayed in one fold."""
    if result.grouped_by == "user":
        return f"Photos of one group are always in the same fold ({result.groups:,} groups)."
    if result.grouped_by == "near-duplicates":
        return "Near-duplicates are always in the same fold."
    return ""


def _groups(number: int) -> str:
    return "1 group" if number == 1 else f"{number:,} groups"
