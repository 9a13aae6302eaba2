"""One block of a network: its layers in the order they run, its equation, its drawing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pages.components.learn.svg_shapes import Label, box, drawing, line, ring, skip_arc
from pages.components.shared.charts import Palette, rgba

if TYPE_CHECKING:
    from core.models.summary import LayerRow

SkipKind = Literal["identity", "projection", "pooled", "none"]
DASHES: dict[SkipKind, str] = {"identity": "", "projection": "5 4", "pooled": "2 3", "none": ""}


@dataclass(frozen=True)
class BlockParts:
    """The layers of a block. x passes through ``branch``, ``squeeze`` and ``after``, in this order."""

    name: str
    branch: tuple["LayerRow", ...]
    """F(x), without squeeze-and-excitation."""
    squeeze: tuple["LayerRow", ...]
    """The squeeze-and-excitation layers, which weight the channels of F(x); empty if there are none."""
    total: "LayerRow | None"
    """The addition; None in a plain network."""
    after: tuple["LayerRow", ...]
    """Layers after the addition; in a plain network, after the last BatchNorm."""
    around: tuple["LayerRow", ...]
    """Layers on the skip connection: a projection, a pooling, or none."""
    shared: int
    """Layers of the branch before the skip connection starts: 2 if V2 projects the activated x, else 0."""
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
        """The layer whose output is y."""
        if self.after:
            return self.after[-1]
        return self.total or self.branch[-1]

    @property
    def rows(self) -> tuple["LayerRow", ...]:
        """All layers of the block."""
        total = () if self.total is None else (self.total,)
        return (*self.around, *self.branch, *self.squeeze, *total, *self.after)


def split_blocks(rows: "Sequence[LayerRow]") -> dict[str, BlockParts]:
    """Return every block by name, in order, from the layers of a forward pass and their connections."""
    named = {row.name: row for row in rows}
    own: dict[str, list[LayerRow]] = {}
    for row in rows:
        if found := re.match(r"layer\d+\.\d+(?=\.)", row.name):
            own.setdefault(found[0], []).append(row)
    return {name: _parts(name, mine, named) for name, mine in own.items()}


def equation(parts: BlockParts) -> tuple[str, list[str]]:
    """Return the equation of y and the equations of its terms, in LaTeX, built from the layers."""
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


def skip_sentence(parts: BlockParts) -> str:
    """Describe the skip connection of a block, and why it has that form, in a sentence or two."""
    came, went = _shape(parts.incoming), _shape(parts.last.output_shape)
    if parts.kind == "none":
        return f"This block has no skip connection. Input {came}, output {went}: what the block loses is gone."
    if parts.kind == "identity":
        return f"Input {came}, output {went}. The shapes are equal, so x is added unchanged (identity mapping)."
    if parts.kind == "pooled":
        return (
            f"Input {came}, output {went}: the same channels at half the resolution. A 1 × 1 pooling $P$ with stride 2 "
            f"keeps one of four pixels of x and has no weights."
        )
    start = "the activated x (after BatchNorm and ReLU)" if parts.shared else "x"
    return (
        f"Input {came}, output {went}. Feature maps of different shapes cannot be added, so a 1 × 1 convolution $W_s$ "
        f"with {parts.around[0].parameters:,} parameters projects {start} first."
    )


def draw_block(parts: BlockParts, colors: Palette) -> str:
    """Draw the layers of a block in a row, with the skip connection above them."""
    chain: list[LayerRow | str] = [*parts.branch]
    if parts.squeeze:
        chain.append("squeeze")
    if parts.total is not None:
        chain.append(parts.total)
    chain += parts.after
    # Ten layers fill the page; longer chains are drawn closer together.
    step, top, middle = 82 if len(chain) <= 10 else 75, 26, 74
    room, half = step - 8, step // 2 - 8
    width = 44 + step * len(chain)
    color = colors.second if parts.kind == "projection" else colors.accent
    shapes = [line(16, middle, width - 6, middle, colors.quiet)]
    labels: list[Label] = [(8, middle, "x", colors.text, 15)]
    if parts.total is not None:
        add_at = 44 + step * chain.index(parts.total) + half
        start = 24 if not parts.shared else 44 + step * parts.shared - 8
        shapes.append(skip_arc(start, add_at, top, middle, color, DASHES[parts.kind]))
        labels.append(((start + add_at) / 2, 11, _skip_label(parts), color, 13))
    for place, row in enumerate(chain):
        left = 44 + step * place
        if row is parts.total:
            shapes.append(ring(left + half, middle, colors, color))
            labels.append((left + half, middle - 1, "+", colors.text, 20))
            continue
        first, second = ("Squeeze", "channel weights") if isinstance(row, str) else _layer_label(row, parts)
        heavy = isinstance(row, str) or row.type == "Conv2d"
        fill = rgba(colors.accent, 0.2) if heavy else rgba(colors.quiet, 0.16)
        shapes.append(box(left + half - room // 2, middle - 24, room, 48, colors, fill))
        size = 9 if len(second) > 12 else 11
        labels += [
            (left + half, middle - 9, first, colors.text, 12),
            (left + half, middle + 10, second, colors.quiet, size),
        ]
    skip = "with a skip connection" if parts.total is not None else "without a skip connection"
    return drawing(width, 104, "".join(shapes), labels, f"The block {parts.name}: {len(chain)} steps, {skip}")


def _parts(name: str, mine: "list[LayerRow]", named: "dict[str, LayerRow]") -> BlockParts:
    past = tuple(row for row in mine if ".downsample." in row.name or row.name == f"{name}.pool")
    squeeze = tuple(row for row in mine if ".se." in row.name)
    total = next((row for row in mine if row.type == "Add"), None)
    main = [row for row in mine if row not in past and row not in squeeze and row is not total]
    # A final ReLU comes after the addition, in plain networks after the last BatchNorm; V2 ends in a convolution.
    cut = len(main) - 1 if main[-1].type == "ReLU" else len(main)
    source = main[0].connected_to[0]
    names = [row.name for row in main]
    start = past[0].connected_to[0] if past else source
    return BlockParts(
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
    """Apply layers to a LaTeX term: convolutions are matrices, BN is BatchNorm, sigma is ReLU."""
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


def _layer_label(row: "LayerRow", parts: BlockParts) -> tuple[str, str]:
    """Return two short lines for a layer: its type and its output shape."""
    shape = "×".join(map(str, row.output_shape))
    if row.type != "Conv2d":
        return row.type.removesuffix("2d"), shape
    groups = groups_of(row, parts)
    return f"Conv {row.kernel}×{row.kernel}" + (f" ÷{groups}" if groups > 1 else ""), shape


def groups_of(row: "LayerRow", parts: BlockParts) -> int:
    """Return the number of groups of a convolution, from its shapes and multiply-adds."""
    shapes = {one.name: one.output_shape for one in parts.rows}
    inputs = shapes.get(row.connected_to[0], parts.incoming)[0]
    outputs, height, width = row.output_shape
    return inputs * row.kernel**2 * outputs * height * width // row.multiply_adds


def _skip_label(parts: BlockParts) -> str:
    if parts.kind == "identity":
        return "x, unchanged"
    if parts.kind == "pooled":
        return "every second pixel of x"
    normed = ", BatchNorm" if any(row.type == "BatchNorm2d" for row in parts.around) else ""
    side = parts.around[0].kernel
    return f"projection: Conv {side}×{side}{normed}"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
