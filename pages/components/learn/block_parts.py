"""One block of a network: its parts as the code runs them, its equation, its drawing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pages.components.learn.svg_shapes import Words, around, box, line, ring, sheet
from pages.components.shared.charts import Ink, faint

if TYPE_CHECKING:
    from core.models.summary import LayerRow

SkipKind = Literal["identity", "projection", "pooled", "none"]
DASHES: dict[SkipKind, str] = {"identity": "", "projection": "5 4", "pooled": "2 3", "none": ""}


@dataclass(frozen=True)
class Parts:
    """A block taken apart. ``branch``, ``squeeze`` and ``after`` are what x goes through one after the other."""

    name: str
    branch: tuple["LayerRow", ...]
    """F(x), without a squeeze."""
    squeeze: tuple["LayerRow", ...]
    """The layers that weigh the channels of F(x); empty where there are none."""
    total: "LayerRow | None"
    """The sum; None in a plain network."""
    after: tuple["LayerRow", ...]
    """What follows the sum; in a plain network what follows the last norm."""
    around: tuple["LayerRow", ...]
    """What the skip goes through: a projection, a pooling, or nothing."""
    shared: int
    """So many layers of the branch stand before the skip sets off: 2 where V2 projects the activated x, else 0."""
    incoming: tuple[int, ...]
    """The shape of x."""

    @property
    def kind(self) -> SkipKind:
        if self.total is None:
            return "none"
        if not self.around:
            return "identity"
        return "pooled" if self.around[0].type == "MaxPool2d" else "projection"

    @property
    def preactivation(self) -> bool:
        return self.branch[0].type == "BatchNorm2d"

    @property
    def last(self) -> "LayerRow":
        """The layer that puts out y."""
        if self.after:
            return self.after[-1]
        return self.total or self.branch[-1]

    @property
    def rows(self) -> tuple["LayerRow", ...]:
        """All layers of the block."""
        total = () if self.total is None else (self.total,)
        return (*self.around, *self.branch, *self.squeeze, *total, *self.after)


def parts_of(rows: "Sequence[LayerRow]") -> dict[str, Parts]:
    """Every block by its name, in order, read from the layers that ran and what they are connected to."""
    named = {row.name: row for row in rows}
    own: dict[str, list[LayerRow]] = {}
    for row in rows:
        if found := re.match(r"layer\d+\.\d+(?=\.)", row.name):
            own.setdefault(found[0], []).append(row)
    return {name: _parts(name, mine, named) for name, mine in own.items()}


def equation(parts: Parts) -> tuple[str, list[str]]:
    """What comes out, and what its letters stand for, in LaTeX; built from the layers themselves."""
    start = _through(parts.branch[: parts.shared], "x")
    skip = {
        "identity": " + x",
        "projection": " + " + _through(parts.around, start, "W_s"),
        "pooled": r" + P(x)",
        "none": "",
    }[parts.kind]
    first = f"y = {_through(parts.after, f'F(x){skip}')}"
    branch = _through(parts.branch, "x")
    if not parts.squeeze:
        return first, [f"F(x) = {branch}"]
    weigh = r"s = \mathrm{sigmoid}(V_2\,\sigma(V_1\,\mathrm{mean}(B(x))))"
    return first, [r"F(x) = s \cdot B(x)", f"B(x) = {branch}", weigh]


def in_words(parts: Parts) -> str:
    """What goes around the block, and why, in a sentence or two."""
    came, went = _shape(parts.incoming), _shape(parts.last.output_shape)
    if parts.kind == "none":
        return f"Nothing goes around this block: {came} comes in, {went} goes out, and what the block spoils is lost."
    if parts.kind == "identity":
        return f"{came} comes in and {went} goes out. The shapes are the same, so x is added as it is."
    if parts.kind == "pooled":
        return (
            f"{came} comes in and {went} goes out: the channels are the same and the picture is half as large. A "
            f"1 × 1 pooling $P$ drops three places of four of x, without any weights."
        )
    start = "the activated x (after BatchNorm and ReLU)" if parts.shared else "x"
    return (
        f"{came} comes in and {went} goes out. Maps of two shapes cannot be added, so a 1 × 1 convolution $W_s$ with "
        f"{parts.around[0].parameters:,} parameters projects {start} first."
    )


def drawn(parts: Parts, colors: Ink) -> str:
    """The block's layers in a row, with its skip around them."""
    chain: list[LayerRow | str] = [*parts.branch]
    if parts.squeeze:
        chain.append("squeeze")
    if parts.total is not None:
        chain.append(parts.total)
    chain += parts.after
    # Ten steps fill the page; longer chains are drawn closer.
    step, top, middle = 82 if len(chain) <= 10 else 75, 26, 74
    room, half = step - 8, step // 2 - 8
    width = 44 + step * len(chain)
    color = colors.second if parts.kind == "projection" else colors.accent
    shapes = [line(16, middle, width - 6, middle, colors.quiet)]
    words: list[Words] = [(8, middle, "x", colors.text, 15)]
    if parts.total is not None:
        add_at = 44 + step * chain.index(parts.total) + half
        start = 24 if not parts.shared else 44 + step * parts.shared - 8
        shapes.append(around(start, add_at, top, middle, color, DASHES[parts.kind]))
        words.append(((start + add_at) / 2, 11, _around_words(parts), color, 13))
    for place, row in enumerate(chain):
        left = 44 + step * place
        if row is parts.total:
            shapes.append(ring(left + half, middle, colors, color))
            words.append((left + half, middle - 1, "+", colors.text, 20))
            continue
        first, second = ("Squeeze", "weighs channels") if isinstance(row, str) else _layer_words(row, parts)
        heavy = isinstance(row, str) or row.type == "Conv2d"
        fill = faint(colors.accent, 0.2) if heavy else faint(colors.quiet, 0.16)
        shapes.append(box(left + half - room // 2, middle - 24, room, 48, colors, fill))
        size = 9 if len(second) > 12 else 11
        words += [
            (left + half, middle - 9, first, colors.text, 12),
            (left + half, middle + 10, second, colors.quiet, size),
        ]
    told = "and a skip around them" if parts.total is not None else "and nothing around them"
    return sheet(width, 104, "".join(shapes), words, f"The block {parts.name}: {len(chain)} steps, {told}")


def _parts(name: str, mine: "list[LayerRow]", named: "dict[str, LayerRow]") -> Parts:
    past = tuple(row for row in mine if ".downsample." in row.name or row.name == f"{name}.pool")
    squeeze = tuple(row for row in mine if ".se." in row.name)
    total = next((row for row in mine if row.type == "Add"), None)
    main = [row for row in mine if row not in past and row not in squeeze and row is not total]
    # A ReLU at the end comes after the sum, in plain networks after the last norm; V2 ends in a convolution.
    cut = len(main) - 1 if main[-1].type == "ReLU" else len(main)
    source = main[0].connected_to[0]
    names = [row.name for row in main]
    start = past[0].connected_to[0] if past else source
    return Parts(
        name=name,
        branch=tuple(main[:cut]),
        squeeze=squeeze,
        total=total,
        after=tuple(main[cut:]),
        around=past,
        shared=0 if start == source else names.index(start) + 1,
        incoming=named[source].output_shape,
    )


def _through(rows: "Sequence[LayerRow]", inside: str, weight: str = "W") -> str:
    """What layers make of a term: convolutions are matrices, BN is BatchNorm, sigma is ReLU."""
    convolutions = 0
    for row in rows:
        if row.type == "Conv2d":
            convolutions += 1
            name = weight if "_" in weight else f"{weight}_{convolutions}"
            inside = rf"{name}\,{inside}"
        elif row.type == "BatchNorm2d":
            inside = rf"\mathrm{{BN}}({inside})"
        else:
            inside = rf"\sigma({inside})"
    return inside


def _layer_words(row: "LayerRow", parts: Parts) -> tuple[str, str]:
    """Two short lines for a layer: what it is, and what comes out."""
    shape = "×".join(map(str, row.output_shape))
    if row.type != "Conv2d":
        return row.type.removesuffix("2d"), shape
    groups = groups_of(row, parts)
    return f"Conv {row.kernel}×{row.kernel}" + (f" ÷{groups}" if groups > 1 else ""), shape


def groups_of(row: "LayerRow", parts: Parts) -> int:
    """The groups of a convolution: each makes its channels from its share of those that come in."""
    shapes = {one.name: one.output_shape for one in parts.rows}
    inputs = shapes.get(row.connected_to[0], parts.incoming)[0]
    outputs, height, width = row.output_shape
    return inputs * row.kernel**2 * outputs * height * width // row.multiply_adds


def _around_words(parts: Parts) -> str:
    if parts.kind == "identity":
        return "x as it is"
    if parts.kind == "pooled":
        return "every second place of x"
    normed = ", BatchNorm" if any(row.type == "BatchNorm2d" for row in parts.around) else ""
    side = parts.around[0].kernel
    return f"projection: Conv {side}×{side}{normed}"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
