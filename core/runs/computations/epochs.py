"""Replay a run's kept epochs for one photo in a worker process: the answer and the heatmap at each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.progress import Progress
from core.runs.folder import RunFolder
from core.workers.messages import pack_arrays, unpack_arrays

NAMES = 5
"""Classes whose probabilities are returned: the finished model's likeliest ones."""


@dataclass(frozen=True)
class EpochAnswer:
    """What the model of one epoch says about the photo."""

    epoch: int | None
    """As its training counted it; None for the finished model."""
    kind: str
    """``epoch`` or, of a solved head, ``iteration``."""
    phase: int | None
    """Of an automatic training, counted from 1."""
    predicted: str
    probability: float
    """Of the predicted class."""
    probabilities: tuple[float, ...]
    """Of the classes of the replay."""
    accuracy: float | None
    """On the validation photos; None where it was not recorded."""
    heatmap: np.ndarray
    """uint8 [h, w], 0 to 255; its own peak is 255."""


@dataclass(frozen=True)
class Replayed:
    """The answers at all kept epochs, in order, the finished model's last."""

    classes: tuple[str, ...]
    target: str
    """The class whose evidence all heatmaps show."""
    answers: tuple[EpochAnswer, ...]


def replay_photo(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Explain a photo at each epoch that the run in the folder ``run`` has kept; for ``read_replayed``.

    ``folder`` holds the photo as photo.npy, uint8 [H, W, 3]. ``target`` is the index of a class, None for the one that
    the finished model predicts.
    """
    report(Progress("loading the model", 0, None))
    from PIL import Image

    from core.inspection.explaining.cam import explain
    from core.inspection.predicting.predictor import Predictor
    from core.runs.epochs.replay import replay
    from core.training.saving.kept_epochs import kept_epochs

    run = RunFolder(Path(arguments["run"]))
    photo = Image.fromarray(np.load(Path(arguments["folder"]) / "photo.npy", allow_pickle=False))
    total = len(kept_epochs(run.path)) + 1
    final = Predictor.load(run.best, test_time_views=1)
    decided = final.decided(final.logits([photo]))
    names = np.argsort(-decided.probabilities[0], kind="stable")[:NAMES].tolist()
    target = int(decided.chosen[0]) if arguments["target"] is None else int(arguments["target"])
    if target not in names:
        names[-1] = target
    del final
    answers, maps = [], {}
    for number, (kept, predictor) in enumerate(replay(run)):
        report(Progress("computing the heatmaps", number, total))
        found = explain(predictor, photo, target=target)
        decided = predictor.decided(predictor.logits([photo]))
        shares, best = decided.probabilities[0], int(decided.chosen[0])
        note = kept.note if kept else None
        answers.append(
            {
                "epoch": note.epoch if note else None,
                "kind": note.kind if note else "epoch",
                "phase": kept.phase if kept else None,
                "predicted": predictor.classes[best],
                "probability": float(shares[best]),
                "probabilities": [float(shares[name]) for name in names],
                "accuracy": note.val_accuracy if note else None,
            }
        )
        maps[str(number)] = np.rint(255 * found.heatmap).astype(np.uint8)
    return {
        "classes": [predictor.classes[name] for name in names],
        "target": predictor.classes[target],
        "answers": answers,
        "maps": pack_arrays(**maps),
    }


def read_replayed(found: Mapping[str, Any]) -> Replayed:
    """Return what ``replay_photo`` found."""
    maps = unpack_arrays(found["maps"])
    answers = [
        EpochAnswer(**{**one, "probabilities": tuple(one["probabilities"])}, heatmap=maps[str(number)])
        for number, one in enumerate(found["answers"])
    ]
    return Replayed(tuple(found["classes"]), found["target"], tuple(answers))
