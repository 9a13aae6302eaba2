"""Texts of the lesson on skip connections."""

from pages.components.learn.lesson_question import Choice
from pages.components.learn.level_text import LevelText

INTRODUCTION = LevelText(
    "More layers can find more complicated patterns, so a deeper network should be better. But a long chain of layers "
    "is hard to train. Here are two kinds of networks, trained on 120 small bird photos. A *plain* network is a chain "
    "of layers. A *residual* network has the same layers, and every block also adds its input to its output. In "
    "training, a signal runs backwards from the last layer to the first and tells every layer how to change: the "
    "*gradient*. Move the epoch from 0 upwards and compare the depths.",
    "A *residual* block computes $y = F(x) + x$, a *plain* one $y = F(x)$ with the same layers. Both are trained on "
    "120 bird photos of 16 × 16 pixels, with $6n + 2$ layers and the same settings: section 4.2 of He et al. 2015 "
    "([arXiv 1512.03385](https://arxiv.org/abs/1512.03385)) on a small scale. Where the shape changes, these networks "
    "project $x$. The gradient flows back from the last layer (the prediction) to layer 1 (the photo). Move the epoch "
    "from 0 upwards and compare the depths.",
)
EXPLANATION = LevelText(
    "Each layer multiplies the backward signal. In a plain network these factors build up from layer to layer, until "
    "the signal is far too small or far too large. In a residual network, a part of the signal takes the path around "
    "each block. The deep plain network learns badly: it is wrong even on photos that it trains on.",
    "By the chain rule every layer multiplies the gradient by its Jacobian. Without skip connections only the product "
    r"of all of them is left; with them, each block multiplies by $I + \partial F/\partial x$. This path is not "
    "entirely free: the ReLU after each addition blocks it where the sum was negative, and a projection multiplies it "
    "at the start of a new stage. All networks use batch normalisation, as in the paper. Its authors found that this "
    "keeps gradients from vanishing, and left open why deep plain networks train badly. Before training, gradients "
    "of deep networks with batch normalisation and no skip connections grow exponentially towards the first layer "
    "(Yang et al. 2019, [arXiv 1902.08129](https://arxiv.org/abs/1902.08129)).",
)


def question(depth: int) -> str:
    """Ask about the deepest networks."""
    return f"Which network with {depth} layers has the higher training error at the end, and does it overfit?"


def choices(plain: float, residual: float, depth: int) -> tuple[Choice, ...]:
    """Return the choices for these training errors at the end."""
    worse, better = ("plain", "residual") if plain >= residual else ("residual", "plain")
    overfits = "It overfits, because it has too many layers"
    hard = "It does not overfit: it is wrong on the very photos that it trains on"
    result = f"The plain network's training error is {plain:.0%}, the residual one's {residual:.0%}."
    right = LevelText(
        f"{result} A network that overfits is good on its training photos and bad on new ones. This one is bad on its "
        "training photos: it is hard to train. If the extra layers changed nothing, it would be as good as a shallower "
        "network, but training does not find that. With a skip connection, a block that changes nothing is the easy "
        "case.",
        f"{result} An overfitting network has a low training error and fails on new photos. This one is hard to train: "
        "if its extra layers learned the identity mapping, it would be as good as a shallower network, but training "
        "does not find these weights. The paper calls this the *degradation problem*. With a skip connection a block "
        "is the identity mapping plus $F$, so that $F = 0$ is enough.",
    )
    hints = {
        (worse, overfits): "The network is right. But the chart shows the error on the training photos: would an "
        "overfitting network be wrong on those?",
        (better, overfits): f"Look at the end of both lines in “Training error, {depth} layers”: which kind ends "
        "higher? Then ask whether overfitting shows on training photos.",
        (better, hard): "The second half is right. For the first half, look at “Training error by depth”: which line "
        f"is higher at {depth} layers?",
    }
    return tuple(
        Choice(f"The {kind} one. {claim}", hints.get((kind, claim), right), correct=(kind, claim) == (worse, hard))
        for kind in ("plain", "residual")
        for claim in (overfits, hard)
    )
