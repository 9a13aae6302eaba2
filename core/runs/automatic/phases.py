"""phases.json: what an automatic training has done so far, for its page and for a resume. Does not import torch."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import RunError
from core.runs.run_files import read_limited, replace_file

FILE = "phases.json"
FOLDER = "phases"
"""In the run folder: a folder for each phase, with its own best/ and last/, until the training is over."""

STOPPED = "The training was stopped."
"""Why no further phase was trained after a stop; a resume goes on."""

Layers = Literal["head", "layer4", "layer3", "all"]

NAMES: dict[Layers, str] = {
    "head": "the head",
    "layer4": "the last stage",
    "layer3": "the last two stages",
    "all": "all layers",
}
"""What a phase trains, within a sentence."""

_MOST_BYTES = 2_000_000
_Number = Annotated[float, Field(allow_inf_nan=False)]


class Point(BaseModel):
    """One epoch's result on the validation photos."""

    model_config = ConfigDict(frozen=True)

    seconds: _Number
    """Since the start of the training, without the time that it was interrupted."""
    epoch: Annotated[int, Field(ge=1)]
    score: _Number
    """Accuracy, or for localization the mean IoU."""


class EarlyResult(BaseModel):
    """The result of an early model, from a part of the photos, before the first phase was over."""

    model_config = ConfigDict(frozen=True)

    seconds: _Number
    """Since the start of the training."""
    photos: Annotated[int, Field(ge=0)]
    """Training photos that it has seen."""
    of: Annotated[int, Field(ge=0)]
    """All training photos."""
    value: _Number
    """Accuracy."""
    low: _Number
    high: _Number
    n: Annotated[int, Field(ge=1)]
    """Validation photos that it was evaluated on."""


class Phase(BaseModel):
    """One phase: which layers were trained, what came of it, and whether it was kept."""

    model_config = ConfigDict(frozen=True)

    train: Layers
    first_epoch: Annotated[int, Field(ge=1)]
    """Epochs count through all phases; the head's training is one."""
    epochs: Annotated[int, Field(ge=1)]
    """How many epochs it has; once it is over, how many were trained."""
    planned: int | None = None
    """How many epochs were planned, once it is over."""
    began: _Number
    """Seconds since the start of the training."""
    reason: str
    """Why this phase was trained, as a sentence."""
    points: tuple[Point, ...] = ()
    ended: _Number | None = None
    stopped: bool = False
    """Whether it ended because the run was stopped; a resume goes on with it."""
    best_epoch: int | None = None
    value: _Number | None = None
    """Of the phase's best epoch, in its report: accuracy, or the mean IoU."""
    low: _Number | None = None
    high: _Number | None = None
    n: int = 0
    """The number of validation photos."""
    kept: bool = False
    """Whether its model became the run's."""
    verdict: str = ""
    """Why it was kept or not, as a sentence."""

    @property
    def over(self) -> bool:
        return self.ended is not None

    @property
    def last_epoch(self) -> int:
        """Its last epoch, counted through all phases."""
        return self.first_epoch + self.epochs - 1


class Phases(BaseModel):
    """All phases so far, in order."""

    model_config = ConfigDict(frozen=True)

    phases: tuple[Phase, ...] = ()
    end: str = ""
    """Why no further phase was trained, as a sentence; empty while the training goes on."""
    early: EarlyResult | None = None
    """None where there was no early model, and for trainings of earlier versions."""

    @property
    def over(self) -> bool:
        """Whether the training came to its end, so that a resume trains nothing more."""
        return self.end not in ("", STOPPED)

    @property
    def kept(self) -> Phase | None:
        """The phase whose model is the run's."""
        return next((one for one in reversed(self.phases) if one.kept), None)

    @property
    def seconds(self) -> float:
        """How long the training has taken so far."""
        times = [one.ended or max([one.began, *(point.seconds for point in one.points)]) for one in self.phases]
        return max([*times, *([self.early.seconds] if self.early else [])], default=0.0)

    def kept_before(self, phase: Phase) -> Phase | None:
        """Return the phase whose model this one began with, and has to beat; None for the first."""
        earlier = [one for one in self.phases if one.kept and one.first_epoch < phase.first_epoch]
        return earlier[-1] if earlier else None

    def trains(self, epoch: int) -> Layers | None:
        """Return which layers an epoch trained, or trains; None for an epoch of no phase."""
        return next((one.train for one in reversed(self.phases) if one.first_epoch <= epoch), None)

    def replaced(self, phase: Phase) -> "Phases":
        """Return these phases with the last one replaced."""
        return self.model_copy(update={"phases": (*self.phases[:-1], phase)})

    def added(self, phase: Phase) -> "Phases":
        """Return these phases and a new one."""
        return self.model_copy(update={"phases": (*self.phases, phase)})


def read_phases(folder: Path) -> Phases | None:
    """Return the phases of a run folder; None if there are none. Raises RunError if the file is damaged.

    The file is parsed again only if it has changed: pages read it every second or two.
    """
    path = folder / FILE
    try:
        found = path.stat()
        return _parsed(path, found.st_ino, found.st_size, found.st_mtime_ns)
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise RunError(f"{path} cannot be read. Start a new run.") from error


# The last arguments identify the content, because the file is replaced.
@lru_cache(maxsize=4096)
def _parsed(path: Path, inode: int, size: int, changed: int) -> Phases:
    return Phases.model_validate_json(read_limited(path, _MOST_BYTES))


def write_phases(folder: Path, phases: Phases) -> None:
    """Write the phases of a run folder, whole or not at all. Raises OSError."""
    replace_file(folder / FILE, phases.model_dump_json(indent=1))
