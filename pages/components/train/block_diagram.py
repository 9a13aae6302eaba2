"""The network as a row of blocks: trainable parts are coloured, frozen parts are grey."""

from core.training.recipe import Recipe
from pages.components.shared.charts import Palette, mixed, readable, rgba

PARTS = ("stem", "layer1", "layer2", "layer3", "layer4", "head")
TRAINABLE: dict[str, tuple[str, ...]] = {
    "head": ("head",),
    "layer4": ("layer4", "head"),
    "layer3": ("layer3", "layer4", "head"),
    "all": PARTS,
}
STRENGTHS = (0.15, 0.25, 0.35, 0.45, 0.75, 1.0)
"""Of the accent behind the parts, because earlier parts get a smaller learning rate. Between 0.5 and 0.75, neither
dark nor light text is readable."""
PERHAPS = 0.35
"""The strength of layers that are trained only if it helps."""


def training_phases(recipe: Recipe) -> list[tuple[str, tuple[str, ...]]]:
    """Return the phases of a training: a caption and the trainable parts; one without caption if there are none."""
    if recipe.train == "automatic":
        return [
            ("First: the head alone", TRAINABLE["head"]),
            ("Then, if there are enough photos and time: the last stage too", TRAINABLE["layer4"]),
            ("Last, if that gained: all layers", TRAINABLE["all"]),
        ]
    if recipe.train != "staged":
        return [("", TRAINABLE[recipe.train])]
    head = recipe.resolved_head_epochs()
    first = "epoch 1" if head == 1 else f"epochs 1 to {head}"
    last = f"epoch {recipe.epochs}" if recipe.epochs == head + 1 else f"epochs {head + 1} to {recipe.epochs}"
    return [(first, TRAINABLE["head"]), (last, TRAINABLE["all"])]


def diagram_html(recipe: Recipe, colors: Palette) -> str:
    """Return the diagram as HTML: one row, two for staged and three for automatic training."""
    rows = []
    for place, (caption, trainable) in enumerate(training_phases(recipe)):
        perhaps = recipe.train == "automatic" and place > 0
        strengths = [_strength(part, recipe, len(trainable), perhaps) for part in PARTS]
        blocks = "".join(
            _block(part, part in trainable, strength, colors) for part, strength in zip(PARTS, strengths, strict=True)
        )
        heading = (
            f"<div style='font-size:.8rem;color:{colors.quiet};margin-bottom:2px'>{caption}</div>" if caption else ""
        )
        rows.append(f"{heading}<div style='display:flex;gap:4px;align-items:stretch'>{blocks}</div>")
    trained = "; ".join(
        f"{caption or 'trained'}: {', '.join(trainable)}" for caption, trainable in training_phases(recipe)
    )
    gap = "<div style='height:8px'></div>"
    label = f"The six parts of the network, from input to output; {trained}"
    return f"<div role='img' aria-label='{label}'>{gap.join(rows)}</div>"


def _strength(part: str, recipe: Recipe, trainable_parts: int, perhaps: bool) -> float:
    """Return how strong the colour of a trainable part is."""
    if perhaps:
        return PERHAPS
    if recipe.train == "staged" and trainable_parts == len(PARTS):
        return STRENGTHS[PARTS.index(part)]
    return 1.0


def _block(part: str, trainable: bool, strength: float, colors: Palette) -> str:
    background = rgba(colors.accent, strength) if trainable else rgba(colors.quiet, 0.16)
    ink = readable(mixed(colors.accent, colors.paper, strength), colors) if trainable else colors.quiet
    note = "trained" if trainable else "frozen"
    return (
        f"<div style='flex:1 1 0;min-width:0;background:{background};color:{ink};border-radius:8px;"
        "padding:8px 2px;text-align:center;overflow:hidden'>"
        f"<div style='font-weight:600;font-size:.84rem'>{part}</div>"
        f"<div style='font-size:.72rem'>{note}</div></div>"
    )
