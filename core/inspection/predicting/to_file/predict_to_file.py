"""Predict very many photos into one table; a run that was interrupted continues where it stopped."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.inspection.predicting.predict_files import FileSource, predict_files
from core.inspection.predicting.predictions import FilePrediction
from core.inspection.predicting.predictor import Predictor
from core.inspection.predicting.to_file.journal import Entry, Journal
from core.inspection.predicting.to_file.shards import Shard

Progress = Callable[[int, int, float], None]
"""Of the files that are done, those among them that an earlier run did, and the seconds since the first new one."""

Compute = Callable[[Iterable[tuple[str, FileSource]]], Generator[FilePrediction]]
"""Answers files in their order, here or on other machines."""


@dataclass(frozen=True)
class InputFile:
    """A file to predict: which argument of the command it came with, its name, its content and when it changes."""

    argument: int
    name: str
    source: FileSource
    stamp: str
    """Another text if the content has changed; empty if that cannot be told."""


def journal_beside(out: Path) -> Path:
    """Return where the journal of an unfinished table is."""
    return out.with_name(f"{out.name}.unfinished")


def settings_of(predictor: Predictor, shard: Shard | None) -> dict[str, Any]:
    """Return all that answers depend on besides the photos; a journal with other settings is not continued."""
    info = predictor.info
    weights = None if info is None else info.model_sha256
    if info is not None and weights is None:
        # The pretrained network, whose file is known; or a bundle of an early version, which its time tells from those
        # that began with the same file.
        weights = info.created if info.recipe else info.weights.get("sha256") or info.created
    return {
        "version": 1,
        "weights": weights or predictor.name,
        "decision": None if predictor.decision is None else predictor.decision.digest,
        "test_time_views": predictor.test_time_views,
        "shard": None if shard is None else str(shard),
    }


def predict_into(
    journal: Journal,
    predictor: Predictor,
    files: Iterable[InputFile],
    progress: Progress,
    compute: Compute | None = None,
) -> None:
    """Answer all files that the journal does not know yet. Neither their photos nor their answers stay in memory.

    ``compute`` answers them elsewhere than in this process, with the same model.
    """
    asked: deque[Entry] = deque()
    known = done = 0
    started = time.monotonic()

    def unanswered() -> Iterator[tuple[str, FileSource]]:
        nonlocal known, started
        for file in files:
            entry = journal.visit(file.argument, file.name, file.stamp)
            if entry.known:
                known += 1
                if not done:
                    started = time.monotonic()
                continue
            asked.append(entry)
            yield file.name, file.source

    answers = predict_files(predictor, unanswered(), ahead=True) if compute is None else compute(unanswered())
    with closing(answers):
        for answer in answers:
            journal.save(asked.popleft(), answer)
            done += 1
            progress(known + done, known, time.monotonic() - started)
