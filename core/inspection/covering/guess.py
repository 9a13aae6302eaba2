"""How well a place that a person marked agrees with the hottest part of a map. Does not import torch."""

from dataclasses import dataclass

import numpy as np

from core.inspection.explaining.faithfulness import hottest

SHARE = 0.2
"""Of the photo: the hottest part of a map."""


@dataclass(frozen=True)
class Agreement:
    """The overlap of a mark with the hottest part of a map."""

    inside: float
    """The share of the hottest part that lies inside the mark."""
    iou: float
    """Their intersection as a share of their union."""
    area: float
    """The share of the photo that the mark covers: what it would hold of the hottest part by chance."""

    @property
    def sentence(self) -> str:
        """The agreement in plain words."""
        figures = (
            f"Your mark covers {self.area:.0%} of the photo and holds {self.inside:.0%} of the map's strongest fifth "
            f"(IoU {self.iou:.2f})."
        )
        if self.inside > max(0.5, 2 * self.area):
            return f"{figures} You and the model look at the same place."
        if self.inside > 1.2 * self.area:
            return f"{figures} That is more than by chance, but the model also looks elsewhere."
        if self.inside > 0.8 * self.area:
            return f"{figures} That is about as much as any mark of this size holds by chance."
        return f"{figures} That is less than by chance: the model looks elsewhere."


def agreement(mark: np.ndarray, heatmap: np.ndarray) -> Agreement:
    """Compare a mark, bool [H, W], with the hottest SHARE of a heatmap [H, W]."""
    hot = hottest(heatmap, SHARE)
    shared, both = int((hot & mark).sum()), int((hot | mark).sum())
    return Agreement(
        inside=shared / max(1, int(hot.sum())), iou=shared / both if both else 0.0, area=float(mark.mean())
    )


def shared_hottest(one: np.ndarray, other: np.ndarray) -> float:
    """Return which share of one map's hottest part is in the other's too; SHARE is what chance gives."""
    hot = hottest(one, SHARE)
    return float((hot & hottest(other, SHARE)).sum() / max(1, hot.sum()))
