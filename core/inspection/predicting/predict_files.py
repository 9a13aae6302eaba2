"""Predictions for files, one after the other: from paths, bytes or the candidates of an import."""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

from PIL import Image

from core.data.limited.photos import decoded_photo
from core.data.pictures.decoding import Decoded, decode, make_thumbnail
from core.errors import ImageRefused
from core.features.frozen_pass import map_ahead
from core.inspection.predicting.predictions import TOP, FilePrediction
from core.inspection.predicting.predictor import BATCH, Predictor, batched

_THUMBNAIL_SIDE = 96
FileSource = bytes | Path | Callable[[], bytes] | ImageRefused
_Viewed = tuple[FilePrediction, Image.Image | None, tuple[int, int]]


def predict_files(
    predictor: Predictor,
    files: Iterable[tuple[str, FileSource]],
    thumbnails: bool = False,
    *,
    top: int = TOP,
    ahead: bool = False,
    apart: bool = False,
) -> Generator[FilePrediction]:
    """Yield a prediction for each file, in order; unreadable files get the reason and are skipped.

    Files are read and decoded one at a time, so a folder or zip of any size can be passed as a generator. A source is
    bytes, a path, a function that reads the bytes (as in an import's candidates), or the error of an earlier step.
    ``thumbnails`` adds a small picture to each prediction, which has the ``top`` likeliest classes. With ``ahead``, a
    few files are decoded in threads while the network computes; with ``apart``, each in a limited process, because
    strangers have sent them.
    """

    def view_of(file: tuple[str, FileSource]) -> _Viewed:
        return _view_of(predictor, *file, thumbnails, decoded_photo if apart else decode)

    with closing(map_ahead(view_of, files)) if ahead else nullcontext(map(view_of, files)) as viewed:
        for some in batched(viewed, BATCH):
            views = [view for _, view, _ in some if view is not None]
            sizes = [size for _, view, size in some if view is not None]
            predictions = iter(predictor.predictions_of_views(views, sizes, top))
            for answer, view, _ in some:
                yield answer if view is None else replace(answer, prediction=next(predictions))


def _view_of(
    predictor: Predictor, name: str, source: FileSource, thumbnail: bool, read: Callable[[bytes | Path, str], Decoded]
) -> _Viewed:
    """Read one file and return its small view, which is all of it that stays in memory, and the size of its image."""
    try:
        if isinstance(source, ImageRefused):
            raise source
        decoded = read(source() if callable(source) else source, name)
    except ImageRefused as error:
        return FilePrediction(name, None, refused=error.reason), None, (0, 0)
    small = make_thumbnail(decoded.image, _THUMBNAIL_SIDE) if thumbnail else b""
    answer = FilePrediction(name, None, remarks=decoded.remarks, thumbnail=small)
    return answer, predictor.view(decoded.image), decoded.size_in_file
