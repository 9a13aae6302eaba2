"""Heatmaps of a few photos for the page: where the model saw evidence for what it predicted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.export.report_page.thumbnails import jpeg
from core.progress import CountCallback
from core.workspace import Workspace

SIDE = 280
_OPACITY = 0.5


@dataclass(frozen=True)
class Heatmap:
    """A photo as the model sees it, and its heatmap over it, both as JPEG, with the sentence below them."""

    row: pd.Series
    seen: bytes
    heated: bytes
    sentence: str


def heatmaps(
    run: Path, workspace: Workspace, rows: pd.DataFrame, progress: CountCallback | None = None
) -> Iterator[Heatmap]:
    """Yield the heatmaps (Grad-CAM) of rows of a predictions table whose photos can be read; imports torch.

    Raises what `load_predictor` and `explain` raise.
    """
    from core.data.pictures.decoding import decode
    from core.errors import ImageRefused
    from core.inspection.explaining.cam import explain
    from core.inspection.explaining.explanation import framed, overlay
    from core.runs.models import load_predictor

    if rows.empty:
        return
    predictor = load_predictor(run, workspace)
    for done, (_, row) in enumerate(rows.iterrows()):
        if progress:
            progress(done, len(rows))
        try:
            picture = decode(Path(str(row["path"])), str(row["filename"])).image
        except ImageRefused:  # the photos above say which file is missing
            continue
        found = explain(predictor, picture)
        yield Heatmap(row, jpeg(framed(found.sharp, found), SIDE), jpeg(overlay(found, _OPACITY), SIDE), found.sentence)
    if progress:
        progress(len(rows), len(rows))


Draw = Callable[[pd.DataFrame], Iterator[Heatmap]]
"""Draws the heatmaps of rows; a page without heatmaps has none."""
