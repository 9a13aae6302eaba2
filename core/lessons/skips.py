"""Settings of the experiment on plain and residual networks of different depths. Does not import torch."""

from dataclasses import dataclass

import pandas as pd

VERSION = 1
DEPTHS = (8, 32, 56)
"""Layers with weights: 6n + 2, as in section 4.2 of arXiv 1512.03385."""
NETWORK_KINDS = ("plain", "residual")


@dataclass(frozen=True)
class TrainingSettings:
    """How all networks are trained, whatever their kind and depth.

    The learning rate was chosen from 0.003, 0.006 and 0.012 by the training error of the residual networks with 8 and
    56 layers. The plain network with 56 layers stays near chance with all three, and with 0.0015 and 0.024.

    Twenty epochs show the effect as well as more. Training error of the plain networks with 8, 32 and 56 layers after
    20 epochs: 14, 64 and 73 %; of the residual ones 24, 3 and 8 %. After 28 epochs: 4, 57 and 72 %, and 12, 1 and 2 %
    (first random seed, on one computer; on others the deepest networks end elsewhere, because rounding errors grow with
    depth: 29 % instead of 8 % on another one).
    """

    size: int = 16
    """Input size in pixels. Small photos allow more steps per minute."""
    width: int = 16
    """Channels of the first stage, as in the paper."""
    epochs: int = 20
    batch: int = 12
    learning_rate: float = 0.006
    """The peak: the rate rises for a tenth of the steps, then falls along a cosine."""


def gradient_norms(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the gradient norms of rows of ``train_both`` in long form: kind, seed, layer (from 1), norm."""
    columns = [name for name in rows.columns if name.startswith("gradient_")]
    long = rows.melt(["kind", "seed"], columns, "layer", "norm").dropna(subset="norm")
    long["layer"] = long["layer"].str.removeprefix("gradient_").astype(int)
    return long.sort_values(["kind", "seed", "layer"], ignore_index=True)
