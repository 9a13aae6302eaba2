"""How much a recipe computes: multiply-adds of the network, and forward passes that each part of a run costs."""

from core.training.kept.reasons import reason_against_keeping
from core.training.recipe import Recipe
from core.training.techniques.refinement_outcome import SHARES

# Multiply-adds of one forward pass over 224 x 224 pixels, in billions; `python -m core summary` prints them.
BILLION_MULTIPLY_ADDS = {
    **{"resnet18": 1.8, "resnet34": 3.7, "resnet50": 4.1, "resnet101": 7.8, "resnet152": 11.5},
    **{"resnet50-v1": 3.9, "resnet101-v1": 7.6, "resnet152-v1": 11.3},
    **{"resnext50-32x4d": 4.2, "resnext101-32x8d": 16.4, "wide-resnet50-2": 11.4},
    **{"seresnet50": 4.1, "seresnet101": 7.8, "seresnet152": 11.5},
    **{"keras-resnet50": 3.9, "keras-resnet101": 7.6, "keras-resnet152": 11.3},
    **{"keras-resnet50v2": 3.5, "keras-resnet101v2": 7.2, "keras-resnet152v2": 10.9},
}

FULL_STEP = 5.5
"""Cost of a training step of all layers in forward passes, where it was not measured."""

UPPER_SHARES = {"head": 0.0, "layer4": 0.2, "layer3": 0.56}
"""The part of ResNet-50's multiplications that is above the frozen layers, by what is trained."""

_LEAST_PASSES = 0.02
"""Of a head on kept vectors: reading them and the arithmetic of the head."""
MIXES = len(SHARES)
"""How many mixes of the weights are compared on the validation photos, where that is chosen."""
_BYTES_PER_MULTIPLY_ADD = 24 / 1000
"""A bundle's size relative to the work of its network, which is similar throughout the family."""


def billions(recipe: Recipe) -> float:
    """Return the work of one forward pass over one photo, in billions of multiply-adds."""
    return _at_224(recipe) * (recipe.size / 224) ** 2


def model_bytes(recipe: Recipe) -> float:
    """Return the size of the network's weights."""
    return _at_224(recipe) * 1e9 * _BYTES_PER_MULTIPLY_ADD


def passes(recipe: Recipe, full_step: float = FULL_STEP) -> list[float]:
    """Return the cost of a training step in each epoch, in forward passes."""
    return [_step(trained, keeps_features(recipe), full_step) for trained in trained_parts(recipe)]


def validation_passes(recipe: Recipe) -> list[float]:
    """Return the cost of validating a photo in each epoch, in forward passes."""
    kept = keeps_features(recipe)
    return [max(_LEAST_PASSES, _upper(trained)) if kept else 1.0 for trained in trained_parts(recipe)]


def refinement_passes(recipe: Recipe, train: int, val: int) -> float:
    """Return the cost of what follows the last epoch, in forward passes: mixing weights, and refitting the head."""
    mixes = MIXES * val * validation_passes(recipe)[-1] if recipe.interpolate else 0.0
    if recipe.head_size is None:
        return mixes
    return mixes + val + (2 * train + val) * (recipe.head_size / recipe.size) ** 2


def features_passes(recipe: Recipe) -> float:
    """Return the cost of the kept features of one view of a photo, in forward passes; 0 if none are kept."""
    return 1 - _upper(trained_parts(recipe)[0]) if keeps_features(recipe) else 0.0


def keeps_features(recipe: Recipe) -> bool:
    """Return whether what the frozen layers compute is kept, instead of being computed in every epoch."""
    return any(_upper(trained) < 1 for trained in trained_parts(recipe)) and not reason_against_keeping(recipe)


def trained_parts(recipe: Recipe) -> list[str]:
    """Return which layers are trained in each epoch."""
    if recipe.train != "staged":
        return [recipe.train] * recipe.epochs
    head = recipe.resolved_head_epochs()
    return ["head"] * head + ["all"] * (recipe.epochs - head)


def _step(trained: str, kept: bool, full_step: float) -> float:
    upper = _upper(trained)
    frozen = 0.0 if kept else 1 - upper
    return max(_LEAST_PASSES, frozen + upper * full_step)


def _upper(trained: str) -> float:
    """Return the part of the network's multiplications that is above the frozen layers."""
    return UPPER_SHARES.get(trained, 1.0)


def _at_224(recipe: Recipe) -> float:
    return BILLION_MULTIPLY_ADDS[recipe.arch.partition("+")[0]]
