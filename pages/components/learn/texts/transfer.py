"""Texts of the lesson on transfer learning."""

from collections.abc import Sequence

from pages.components.learn.lesson_question import Choice
from pages.components.learn.level_text import LevelText

INTRODUCTION = LevelText(
    "Three ways to train the same network. *From scratch*: it starts knowing nothing, with random numbers in all "
    "layers. *Frozen*: it has already learned from more than a million photos (ImageNet). These layers stay as they "
    "are, and only a new last layer, the *head*, learns your classes. *Fine-tuned*: it starts with the same knowledge, "
    "and all layers go on learning. Photos and epochs are the same. Guess first: which way is best with few photos?",
    r"Three ways to minimise the same cross-entropy loss over the weights $\theta = (\theta_\text{layers}, "
    r"\theta_\text{head})$. *From scratch*: all of $\theta$ starts at random. *Frozen* (a linear classifier on fixed "
    r"features): $\theta_\text{layers}$ comes from ImageNet and stays fixed; only the new head is trained. "
    r"*Fine-tuned*: the same start, but all of $\theta$ is trained. Photos, seed and epochs are the same. How far "
    "features transfer depends on their depth (Yosinski et al. 2014, "
    "[arXiv 1411.1792](https://arxiv.org/abs/1411.1792)); fine-tuning against fixed features: Kornblith et al. 2019 "
    "([arXiv 1805.08974](https://arxiv.org/abs/1805.08974)).",
)


def method(network: str, side: int, held_out: int) -> LevelText:
    """Say how the differences were measured."""
    shared = (
        f"{network} at {side} pixels. {held_out} photos are held out: no network was trained on them, and they did not "
        "select the epoch; the last epoch counts. "
    )
    return LevelText(
        f"{shared}The interval is a range that very likely contains the true difference. If it contains zero, the "
        "difference could be luck. p says how often luck alone would give such a difference.",
        f"{shared}The interval is for the paired difference (Bonett and Price 2012), p is from McNemar's exact test.",
    )


QUESTION = LevelText(
    "Trained on the most photos: for how many of the three differences is the whole 95% interval on one side of zero?",
    "Trained on the most photos: for how many of the three differences does the 95% interval exclude zero?",
)
NUMBERS = ("None", "One", "Two", "All three")


def choices(clear: Sequence[str], unclear: Sequence[str], results: Sequence[str]) -> tuple[Choice, ...]:
    """Return the choices: ``clear`` names the differences without zero, ``unclear`` the others.

    ``results`` says the clear differences in numbers.
    """
    explanation = (f"{', '.join(results).capitalize()} percentage points. " if results else "") + (
        "If an interval contains zero, there are too few photos to say which way is better, whatever the two "
        "accuracies are."
    )
    found = []
    for number, text in enumerate(NUMBERS[: len(clear) + len(unclear) + 1]):
        if number < len(clear):
            feedback = f"There are more. Look at “{clear[number]}”: do both ends of its bar lie on one side of zero?"
        elif number > len(clear):
            excess = unclear[-(number - len(clear))]
            feedback = f"That is too many. Look at “{excess}”: its bar crosses the line at zero."
        else:
            feedback = explanation
        found.append(Choice(text, feedback, correct=number == len(clear)))
    return tuple(found)
