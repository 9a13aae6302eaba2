"""Predict the classes of many uploaded photos in a worker process."""

import base64
import io
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from core.data.importing.plan_import import Upload, plan_uploads
from core.data.pictures.box import Box
from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.inspection.predicting.predictions import FilePrediction, Prediction, doubt_as_json, read_doubt
from core.progress import Progress
from core.workspace import Workspace


def predict(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> list[dict[str, Any]]:
    """Predict photos and zips of photos with a model.

    ``workspace`` and ``model`` name the model. ``folder`` holds the uploads as files 0, 1, ... with these ``names``.
    Returns the answers for ``read_answers``, in the order of the uploads; files that cannot be read come first.
    """
    report(Progress("loading the model", 0, None))
    from core.inspection.predicting.predict_files import predict_files  # imports torch
    from core.runs.computations.loaded_model import loaded_model

    predictor = loaded_model(arguments["model"], Workspace(Path(arguments["workspace"])))
    report(Progress("reading the files", 0, None))
    folder, names = Path(arguments["folder"]), arguments["names"]
    with ExitStack() as opened:
        uploads = [Upload(name, _open(folder / str(place), name, opened)) for place, name in enumerate(names)]
        plan = plan_uploads(uploads)
        answers = [FilePrediction(refused.name, None, refused.text) for refused in plan.refused]
        order = in_upload_order([candidate.name for candidate in plan.candidates], names)
        candidates = [plan.candidates[place] for place in order]
        # Pass read functions, not bytes: a big zip is never unpacked whole, and a damaged file stops no other.
        files = ((candidate.name, candidate.read) for candidate in candidates)
        for done, answer in enumerate(predict_files(predictor, files, thumbnails=True), start=1):
            answers.append(answer)
            report(Progress("predicting", done, len(candidates)))
    return [_as_json(answer) for answer in answers]


def read_answers(result: Sequence[Mapping[str, Any]]) -> list[FilePrediction]:
    """Return the predictions that ``predict`` returned."""
    return [
        FilePrediction(
            one["name"],
            None
            if one["ranked"] is None
            else Prediction(
                _ranked(one["ranked"]), Box(*one["box"]) if one["box"] else None, **read_doubt(one.get("doubt", {}))
            ),
            one["refused"],
            tuple(one["remarks"]),
            base64.b64decode(one["thumbnail"]),
        )
        for one in result
    ]


def in_upload_order(names: Sequence[str], uploads: Sequence[str]) -> list[int]:
    """Return the places of ``names`` in the order of the uploads; what lies in zips comes where the first zip stood."""
    place_of = {name: place for place, name in enumerate(uploads)}
    a_zip = next((place for place, name in enumerate(uploads) if name.lower().endswith(".zip")), len(uploads))
    return sorted(range(len(names)), key=lambda place: place_of.get(names[place], a_zip))


def _open(path: Path, name: str, opened: ExitStack) -> BinaryIO:
    if PurePath(name).suffix.lower() in IMAGE_SUFFIXES:
        return cast("BinaryIO", _OpenWhileRead(path))
    return opened.enter_context(path.open("rb"))


class _OpenWhileRead(io.RawIOBase):
    """A file that is open only while it is read: there may be more photos than files that a process may open."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._path.stat().st_size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        with self._path.open("rb") as file:
            file.seek(self._at)
            data = file.read(size)
        self._at += len(data)
        return data


def _as_json(answer: FilePrediction) -> dict[str, Any]:
    found = answer.prediction
    return {
        "name": answer.name,
        "ranked": found and found.ranked,
        "box": list(vars(found.box).values()) if found and found.box else None,
        "doubt": doubt_as_json(found) if found else {},
        "refused": answer.refused,
        "remarks": answer.remarks,
        "thumbnail": base64.b64encode(answer.thumbnail).decode("ascii"),
    }


def _ranked(pairs: Sequence[Sequence[Any]]) -> tuple[tuple[str, float], ...]:
    return tuple((str(name), float(share)) for name, share in pairs)
