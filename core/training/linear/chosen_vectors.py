"""Which vectors a head is solved on, of the last stage or of several, and how strong its penalty is."""

from collections.abc import Callable
from dataclasses import dataclass

from core.training.linear.kept_vectors import KeptVectors
from core.training.linear.linear_head import LinearHead
from core.training.linear.logistic import LogisticRegression, StrengthChoice, TrainingVectors
from core.training.linear.several_stages import choose_stages
from core.training.recipe import Recipe

LogFunction = Callable[[str], None]


@dataclass(frozen=True)
class ChosenVectors:
    """What cross-validation within the training photos says."""

    vectors: KeptVectors
    """Those that the head takes."""
    regression: LogisticRegression
    strength: float
    last: Callable[[], LinearHead] | None = None
    """Solves a head on the last stage alone, where the other takes several; None where it does not."""


def chosen_vectors(
    recipe: Recipe, vectors: KeptVectors, training: Callable[[KeptVectors], TrainingVectors], log: LogFunction
) -> ChosenVectors:
    """Choose as the recipe says, and log both the choice and its reason.

    ``training`` adds labels and groups to vectors. Raises TooLittleData.
    """
    train = training(vectors)
    if vectors.stages is None:
        regression = LogisticRegression(train)
        choice = regression.choose_strength(seed=recipe.seed)
        log(_strength_sentence(choice))
        return ChosenVectors(vectors, regression, choice.strength)
    joined = training(vectors.stages)
    if recipe.head_features == "stages":
        regression = LogisticRegression(joined)
        choice = regression.choose_strength(seed=recipe.seed)
        log("The head takes the vectors of stages 2 to 4 side by side, as chosen.")
        log(_strength_sentence(choice))
        # All vectors are scaled alike before they are penalised, so one strength suits both.
        return ChosenVectors(
            vectors.stages, regression, choice.strength, lambda: LogisticRegression(train).solve(choice.strength)
        )
    both = choose_stages(train, joined.views, seed=recipe.seed)
    last, several = both.last_strength, both.several_strength
    if last.n:
        log(
            f"In cross-validation within the training photos, {sum(last.right.tolist()):,} of {last.n:,} held-out "
            f"photos were correct with the vectors of the last stage (loss {min(last.losses):.3f}), and "
            f"{sum(several.right.tolist()):,} with those of stages 2 to 4 (loss {min(several.losses):.3f}). "
            + ("So the head takes several stages." if both.use_several else "So the head takes the last stage alone.")
        )
    log(_strength_sentence(both.chosen[1]))
    if not both.use_several:
        return ChosenVectors(vectors, both.last, last.strength)
    return ChosenVectors(vectors.stages, both.several, several.strength, lambda: both.last.solve(last.strength))


def _strength_sentence(choice: StrengthChoice) -> str:
    if not choice.n:
        return f"Strength of the penalty: {choice.strength:.1g}; there are too few photos to choose one."
    return (
        f"Strength of the penalty: {choice.strength:.1g}, chosen in cross-validation within the training photos; "
        f"{sum(choice.right.tolist()):,} of {choice.n:,} held-out photos were correct."
    )
