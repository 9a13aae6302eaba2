"""The network as a row of blocks: what learns is colored, what is frozen is gray."""

from core.training.recipe import Recipe
from pages.components.shared.charts import Ink, faint

PARTS = ("stem", "layer1", "layer2", "layer3", "layer4", "head")
LEARNING: dict[str, tuple[str, ...]] = {
    "head": ("head",),
    "layer4": ("layer4", "head"),
    "layer3": ("layer3", "layer4", "head"),
    "all": PARTS,
}


def steps_of(recipe: Recipe) -> list[tuple[str, tuple[str, ...]]]:
    """The phases of a training: their words, and the parts that learn in them. One phase unless it is staged."""
    if recipe.train != "staged":
        return [("", LEARNING[recipe.train])]
    head = recipe.resolved_head_epochs()
    first = "epoch 1" if head == 1 else f"epochs 1 to {head}"
    last = f"epoch {recipe.epochs}" if recipe.epochs == head + 1 else f"epochs {head + 1} to {recipe.epochs}"
    return [(first, LEARNING["head"]), (last, LEARNING["all"])]


def drawing(recipe: Recipe, colors: Ink) -> str:
    """The HTML of the row; of two rows for a staged training."""
    rows = []
    for words, learning in steps_of(recipe):
        blocks = "".join(_block(part, part in learning, recipe, len(learning), colors) for part in PARTS)
        caption = f"<div style='font-size:.8rem;color:{colors.quiet};margin-bottom:2px'>{words}</div>" if words else ""
        rows.append(f"{caption}<div style='display:flex;gap:4px;align-items:stretch'>{blocks}</div>")
    told = "; ".join(f"{words or 'learning'}: {', '.join(learning)}" for words, learning in steps_of(recipe))
    gap = "<div style='height:8px'></div>"
    return f"<div role='img' aria-label='The network in six parts, from photo to answer. {told}'>{gap.join(rows)}</div>"


def _block(part: str, learns: bool, recipe: Recipe, learning: int, colors: Ink) -> str:
    strength = 1.0
    if recipe.train == "staged" and learning == len(PARTS):
        # The lower a part, the smaller its steps.
        strength = 0.35 + 0.13 * PARTS.index(part)
    background = faint(colors.accent, strength) if learns else faint(colors.quiet, 0.16)
    ink = colors.paper if learns and strength > 0.6 else colors.text if learns else colors.quiet
    note = "learns" if learns else "frozen"
    return (
        f"<div style='flex:1 1 0;min-width:0;background:{background};color:{ink};border-radius:8px;"
        "padding:8px 2px;text-align:center;overflow:hidden'>"
        f"<div style='font-weight:600;font-size:.84rem'>{part}</div>"
        f"<div style='font-size:.72rem;opacity:.85'>{note}</div></div>"
    )
