"""Writes a training's figures as TensorBoard event files into RUN/tensorboard/, for those who have that tool.

It uses TensorBoard's own records and messages, without torch and without TensorFlow. All figures share one scale: the
number of batches trained so far. A resumed run writes another file that begins with a session start at its first step.
Readers then leave out what an earlier process wrote for that step and later ones, as with ``purge_step`` in PyTorch.

A training never fails because of these files. Where one cannot be written, the log says so once and the rest is left
out; metrics.jsonl is the record.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event as FileEvent

FOLDER = "tensorboard"

_NAME = re.compile(r"^events\.out\.tfevents\.(\d{1,12})\.")
_PARTS = {"train": "training", "val": "validation"}
_NO_FIGURES = {"epochs", "batch", "batches", "val_n", "best", "seconds"}


class EventWriter:
    """Appends figures to a new event file, which is created with the first of them.

    ``log`` receives a sentence if the files cannot be written.
    """

    def __init__(self, run: Path, log: Callable[[str], None]) -> None:
        self._run = run
        self._log = log
        self._first: int | None = None
        self._records: Any = None
        self._failed = False

    def begin(self, step: int) -> None:
        """Start a session at this step: earlier files may already have figures of it, which no longer count."""
        self._first = step

    def write(self, step: int, figures: Mapping[str, Any], *, prefix: str = "") -> None:
        """Write the numbers among these fields of a Step or an Epoch."""
        if self._failed:
            return
        with self._never_fails():
            if self._records is None:
                self._open()
            found = {name: value for name, value in figures.items() if _is_figure(name, value)}
            self._add(step, {prefix + tag_of(name): value for name, value in found.items()})

    def flush(self) -> None:
        """Hand what was written to the system, so that a TensorBoard that is open shows it."""
        if self._records is not None:
            with self._never_fails():
                self._records.flush()

    def close(self) -> None:
        """Write the rest and close the file; the next figure would open another one of the same session."""
        if self._records is not None:
            with self._never_fails():
                self._records.close()
            self._records, self._first = None, None

    def _open(self) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder = self._run / FOLDER
        folder.mkdir(exist_ok=True)  # without its parents: the folder of a deleted run must not come back
        self._records = RecordWriter((folder / _new_name(folder)).open("xb"))
        self._event(file_version="brain.Event:2")
        if self._first is not None:
            from tensorboard.compat.proto.event_pb2 import SessionLog

            self._event(step=self._first, session_log=SessionLog(status=SessionLog.START))

    def _add(self, step: int, values: Mapping[str, Any]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        found = [Summary.Value(tag=tag, simple_value=float(value)) for tag, value in values.items()]
        self._event(step=step, summary=Summary(value=found))

    def _event(self, **fields: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        event: FileEvent = Event(wall_time=time.time(), **fields)
        self._records.write(event.SerializeToString())

    @contextlib.contextmanager
    def _never_fails(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a full disk, a deleted folder or a missing package: training goes on
            self._failed = True
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            with contextlib.suppress(Exception):
                self._records = None
                self._log(f"No more TensorBoard files are written for this run: {reason}.")


def tag_of(field: str) -> str:
    """Return the tag of a field: val_accuracy becomes accuracy/validation, so that both lines share a chart."""
    part, _, name = field.partition("_")
    return f"{name}/{_PARTS[part]}" if part in _PARTS and name else field


def _is_figure(name: str, value: Any) -> bool:
    return name not in _NO_FIGURES and isinstance(value, (int, float)) and not isinstance(value, bool)


def _new_name(folder: Path) -> str:
    """Return a name that sorts behind all earlier ones, even if the clock was set back: readers go by their names."""
    earlier = [int(found[1]) for path in folder.iterdir() if (found := _NAME.match(path.name))]
    seconds = max([int(time.time()), *(number + 1 for number in earlier)])
    return f"events.out.tfevents.{seconds:010d}.{os.getpid()}.studio"
