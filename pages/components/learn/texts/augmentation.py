"""Texts of the lesson on data augmentation."""

from collections.abc import Mapping

from pages.components.learn.lesson_question import Choice
from pages.components.learn.level_text import LevelText

INTRODUCTION = LevelText(
    "A network sees each training photo once per epoch. *Data augmentation* changes the photo a little each time, at "
    "random, in ways that keep its class: a different crop, a mirror image, different light. The network almost never "
    "sees the same input twice. This works against *overfitting*: memorising the training photos instead of learning "
    "what they have in common. Validation photos are never augmented.",
    r"In each epoch every training photo $x$ gets a random transformation $t \sim T$ that keeps its class. Training "
    r"then minimises $\mathbb{E}_{t \sim T}\,\mathcal{L}(f(t(x)), y)$ instead of $\mathcal{L}(f(x), y)$. The crops, of "
    "random area and aspect ratio, follow Szegedy et al. 2014 "
    "([arXiv 1409.4842](https://arxiv.org/abs/1409.4842)). Augmentation regularises: it works against *overfitting*. "
    "It also builds in an assumption, that $T$ does not change the class. Validation photos are never augmented.",
)


def uncertainty(points: float) -> LevelText:
    """Say how much the validation accuracy may vary; ``points`` is half of a 95 % interval."""
    training = (
        "Training accuracy is measured on the augmented photos during training, so strong augmentation alone lowers it."
    )
    return LevelText(
        f"There are few validation photos, so the validation accuracy of one run could easily be {points:.0f} points "
        f"higher or lower; a smaller difference between two levels may be luck. {training}",
        f"With so few validation photos, the validation accuracy of one run is uncertain by about ±{points:.0f} points "
        f"(95% confidence interval, Wilson); a smaller difference between two levels may be chance. {training}",
    )


QUESTION = "With which augmentation are training and validation accuracy closest together at the end?"


def choices(gaps: Mapping[str, float], validation: Mapping[str, float]) -> tuple[Choice, ...]:
    """Return a choice per level, from its gap (training minus validation) and its validation accuracy at the end."""
    nearest = min(gaps, key=lambda level: abs(gaps[level]))
    result = (
        f"The gap there is {100 * abs(gaps[nearest]):.0f} points, and {100 * abs(gaps['none']):.0f} without "
        "augmentation. "
    )
    end = (
        "A small gap alone is not success: compare the validation accuracy too. It is "
        f"{validation[nearest]:.0%} there and {validation['none']:.0%} without augmentation."
    )
    explanation = LevelText(
        f"{result}A large gap means overfitting: much better on known photos than on new ones. {end}",
        f"{result}This is the *generalisation gap*; a large one means overfitting. {end}",
    )
    return tuple(
        Choice(
            f"{level} augmentation" if level != "none" else "no augmentation",
            explanation if level == nearest else _hint(level, gap),
            correct=level == nearest,
        )
        for level, gap in gaps.items()
    )


def _hint(level: str, gap: float) -> str:
    named = f"With {level} augmentation" if level != "none" else "Without augmentation"
    return (
        f"{named} the two lines end {100 * abs(gap):.0f} points apart: the shaded area at the last epoch. In another "
        "panel it is narrower."
    )
