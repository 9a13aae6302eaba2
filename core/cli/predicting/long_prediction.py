"""Predict very many photos into a table: continued after an interruption, with progress and rate."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.console import ProgressDisplay, print_message
from core.cli.outputs import whole_file
from core.cli.predicting.image_sources import pictures, print_refused

if TYPE_CHECKING:
    from core.inspection.predicting.predict_files import FileSource
    from core.inspection.predicting.predictions import FilePrediction
    from core.inspection.predicting.predictor import Predictor
    from core.inspection.predicting.to_file.answer_tables import TableWriter
    from core.inspection.predicting.to_file.predict_to_file import InputFile
    from core.inspection.predicting.to_file.shards import Shard

Elsewhere = Callable[[int | None, "Iterable[tuple[str, FileSource]]"], "Generator[FilePrediction]"]
_MINUTE, _HOUR = 60, 3600


def predict_to(
    out: Path,
    write: "TableWriter",
    predictor: "Predictor",
    images: Sequence[Path],
    shard: "Shard | None",
    display: ProgressDisplay,
    elsewhere: "Elsewhere | None" = None,
) -> dict[str, Any]:
    """Write the table and return what was written, for --json; nothing is written if no file is a photo.

    What was answered is kept in ``OUT.unfinished`` until the table is complete. ``elsewhere`` computes on other
    machines; it gets the files that are to be answered, and how many there are in all.
    """
    from core.inspection.predicting.to_file.journal import Journal
    from core.inspection.predicting.to_file.predict_to_file import journal_beside, predict_into, settings_of

    total = _count(images, shard)
    if total is not None and elsewhere is None:
        predictor.prepare_for(total * predictor.test_time_views)
    said = False

    def progress(done: int, known: int, seconds: float) -> None:
        nonlocal said
        if known and not said:
            display.clear()
            print_message(f"Continuing an interrupted prediction: {known:,} files were done before.")
            said = True
        rate = (done - known) / seconds if seconds > 0 else 0.0
        left = f", {_duration((total - done) / rate)} left" if total and rate else ""
        display.show("predicting", done, total, f" files, {rate:.1f} a second{left}")

    with suppress(OSError):  # opening the journal says what is wrong
        out.parent.mkdir(parents=True, exist_ok=True)
    with Journal(journal_beside(out), settings_of(predictor, shard)) as journal:
        predict_into(journal, predictor, _input_files(images, shard), progress, elsewhere and partial(elsewhere, total))
        display.clear()
        refused = list(journal.refused())
        print_refused(refused)
        written = journal.count() - len(refused)
        if written:
            with whole_file(out) as part:
                write(journal.answers(), part, predictor.name)
        journal.finish()
    return {
        "out": str(out) if written else None,
        "images": written,
        "files": written + len(refused),
        "refused": [{"filename": name, "reason": reason} for name, reason in refused],
    }


def _input_files(images: Sequence[Path], shard: "Shard | None") -> "Iterator[InputFile]":
    """Yield the files of a shard, with what changes when their content does."""
    from core.inspection.predicting.to_file.predict_to_file import InputFile

    for argument, path in enumerate(images):
        of_archive = "" if path.is_dir() else _stamp(path)
        for name, source in pictures([path]):
            if shard is None or shard.has(name):
                stamp = _stamp(source) if isinstance(source, Path) else of_archive
                yield InputFile(argument, name, source, "" if isinstance(source, Exception) else stamp)


def _stamp(path: Path) -> str:
    """Return what tells a file from another one of its name: the folder too, because unpacked files share a time."""
    try:
        found = path.stat()
    except OSError:
        return ""
    # In ASCII: a file name on Linux may hold bytes that are no text, which the journal's database does not take.
    return f"{found.st_size}-{found.st_mtime_ns}-{str(path.absolute())!a}"


def _count(images: Sequence[Path], shard: "Shard | None") -> int | None:
    """Return how many files there are; None if some are in archives, which are not opened twice."""
    from core.data.importing.folder_layout import PACKED_SUFFIXES

    if any(path.is_file() and path.suffix.lower() in (".zip", *PACKED_SUFFIXES) for path in images):
        return None
    return sum(shard is None or shard.has(name) for name, _ in pictures(images))


def _duration(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"
