"""What a machine of a cluster computes of photos, with a model that it loads once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.errors import ImageRefused, RunError, StudioError
from core.models.zoo import POOLED
from core.workspace import Workspace, workspace_folder

if TYPE_CHECKING:
    from core.inspection.predicting.predict_files import FileSource
    from core.inspection.predicting.predictor import Predictor

BLOCK = 64
"""Photos that a machine gets at a time: whole batches of the network, so that they are those of a single machine."""


@dataclass(frozen=True)
class PhotoWork:
    """What to compute of each photo; all of it can be sent to another machine."""

    kind: Literal["predictions", "features"]
    reference: str
    """The model, as ``load_predictor`` takes it; paths are absolute."""
    model: str
    """The fingerprint of the model, so that no machine computes with another one."""
    folders: tuple[str, ...] = ()
    """Folders and photos that have to be there."""
    device: str = "auto"
    test_time_views: int | None = None
    photos: int | None = None
    """How many there are in all, which decides how outputs are computed; None if that is unknown."""
    stage: str = POOLED
    """Of features: after which stage."""


def fingerprint(predictor: "Predictor") -> str:
    """Return a text that differs for models with other answers."""
    from core.inspection.predicting.to_file.predict_to_file import settings_of

    return repr(settings_of(predictor, None))


class Worker:
    """The model on one machine. What is wrong with the machine is an answer, because Ray would wrap an exception."""

    def __init__(self, work: PhotoWork, node: str) -> None:
        self._work = work
        self._problem: StudioError | None = None
        try:
            self._predictor = _load(work, node)
        except StudioError as error:
            self._problem = RunError(f"On {node}: {error}")

    def answers(self, files: Sequence[tuple[str, str, str]]) -> list[Any]:
        """Return the answer for each (name, path, reason why it is not read at all)."""
        if self._problem is not None:
            return [self._problem] * len(files)
        sources: list[tuple[str, FileSource]] = [
            (name, ImageRefused(name, reason) if reason else Path(path)) for name, path, reason in files
        ]
        if self._work.kind == "features":
            from core.inspection.predicting.features import file_features

            return list(file_features(self._predictor, sources, self._work.stage))
        from core.inspection.predicting.predict_files import predict_files

        return list(predict_files(self._predictor, sources, ahead=True))


def _load(work: PhotoWork, node: str) -> "Predictor":
    """Return the model; raises RunError if it is another one here, or if this machine does not have the photos."""
    from core.runs.models import load_predictor

    for folder in work.folders:
        if not Path(folder).exists():
            raise RunError(f"{folder} is not there. Mount it on all machines of the cluster at the same path.")
    predictor = load_predictor(work.reference, Workspace(workspace_folder()), work.device, None, work.test_time_views)
    if fingerprint(predictor) != work.model:
        raise RunError(
            f"the model {work.reference} is another one than on the machine of this command. Its folder has to be the "
            "same on all machines, and must not change before the command ends."
        )
    if work.kind == "predictions" and work.photos is not None:
        predictor.prepare_for(work.photos * predictor.test_time_views)
    return predictor
