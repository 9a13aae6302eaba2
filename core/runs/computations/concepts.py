"""Take a class apart into the parts that its score is made of, in a worker process."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data.pictures.source import Source
from core.errors import ModelError
from core.progress import Progress
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.inspection.concepts.last_maps import LastMaps
    from core.inspection.predicting.predictor import Predictor

# The maps of the last request: another number of parts needs the same. Keyed by the predictor, which a newer model of
# a live run replaces, and by the photos.
_last: list[tuple["Predictor", tuple[str, ...], "LastMaps"]] = []


def take_apart(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Return the parts of a class for ``read_concepts``.

    ``workspace`` and ``model`` name the model. ``photos`` are the hash, path and name of each photo of the class,
    ``target`` the index of the class, None for the one that the model predicts most often for these photos, and
    ``count`` how many parts to look for.
    """
    report(Progress("loading the model", 0, None))
    from core.inspection.concepts.concepts import concepts_as_json, concepts_of
    from core.runs.computations.loaded_model import loaded_model

    workspace = Workspace(Path(arguments["workspace"]))
    predictor = loaded_model(arguments["model"], workspace)
    sources = [Source(found, Path(path), name) for found, path, name in arguments["photos"]]
    if not sources:
        raise ModelError("There are no photos of this class. Choose another class, or label photos of it.")
    found = _maps(predictor, sources, workspace, report)
    index = _most_frequent(found) if arguments["target"] is None else int(arguments["target"])
    concepts = concepts_of(
        predictor,
        index,
        found,
        int(arguments["count"]),
        lambda done, total: report(Progress("looking for the parts", done, total)),
    )
    return concepts_as_json(concepts)


def _most_frequent(found: "LastMaps") -> int:
    import numpy as np

    return int(np.bincount(found.logits.argmax(axis=1)).argmax())


def _maps(
    predictor: "Predictor", sources: list[Source], workspace: Workspace, report: Callable[[Progress], None]
) -> "LastMaps":
    from core.inspection.concepts.last_maps import last_maps

    hashes = tuple(one.hash for one in sources)
    for before, photos, maps in _last:
        if before is predictor and photos == hashes:
            return maps
    _last.clear()  # before the next are computed: memory is limited
    maps = last_maps(
        predictor, sources, workspace, lambda done, total: report(Progress("reading the photos", done, total))
    )
    _last.append((predictor, hashes, maps))
    return maps
