"""What a comparison of heatmap methods found: the areas of each method over the photos, with intervals."""

from pydantic import BaseModel, ConfigDict

from core.inspection.explaining.methods import METHODS
from core.inspection.measuring.report import Mean

CENTRE, RANDOM = "centre", "random"
BASELINES = {CENTRE: "A blob in the centre", RANDOM: "Random places"}


class MethodFigures(BaseModel):
    """The areas of one method, or baseline, over the photos; the gain is insertion minus deletion, photo by photo."""

    model_config = ConfigDict(frozen=True)

    name: str
    same_as: str | None = None
    """An earlier method with the same map of every photo."""
    deletion: Mean
    """Lower is better."""
    insertion: Mean
    """Higher is better."""
    gain: Mean
    over_centre: Mean
    """How much larger the gain is than that of a blob in the centre, paired by photo."""

    @property
    def is_baseline(self) -> bool:
        """Whether it knows nothing of the model."""
        return self.name in BASELINES

    @property
    def label(self) -> str:
        return BASELINES.get(self.name) or METHODS[self.name].label

    @property
    def beats_centre(self) -> bool:
        """Whether it is better than a blob in the centre beyond chance."""
        return self.over_centre.low is not None and self.over_centre.low > 0


class MethodComparison(BaseModel):
    """All methods and baselines on the same photos, at one stage."""

    model_config = ConfigDict(frozen=True)

    stage: str
    photos: int
    figures: tuple[MethodFigures, ...]

    @property
    def methods(self) -> list[MethodFigures]:
        """The methods, the largest gain first; without those whose maps are those of another."""
        own = [one for one in self.figures if not one.is_baseline and one.same_as is None]
        return sorted(own, key=lambda one: -(one.gain.value or 0))

    @property
    def sentences(self) -> list[str]:
        """What the figures say, for people."""
        found = []
        best = self.methods[0]
        if best.beats_centre:
            better = [one.label for one in self.methods if one.beats_centre]
            found.append(f"Better than a blob in the centre, beyond chance: {', '.join(better)}.")
        else:
            found.append("On these photos, no method is better than a blob in the centre beyond chance.")
        for name, same in self._same().items():
            found.append(f"{', '.join(same)} gives the same maps as {METHODS[name].label} here.")
        return found

    def _same(self) -> dict[str, list[str]]:
        same: dict[str, list[str]] = {}
        for one in self.figures:
            if one.same_as is not None:
                same.setdefault(one.same_as, []).append(one.label)
        return same
