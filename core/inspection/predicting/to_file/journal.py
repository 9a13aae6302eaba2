"""Keep the answers of an unfinished prediction on disk, so that a killed one continues where it stopped.

The journal is an SQLite file beside the table that will be written: what was committed survives a killed process, and
neither names nor answers are held in memory. Each run numbers the files that it comes across, so that the table is
that of an uninterrupted run, also where files were added, deleted or replaced in between.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DataError
from core.inspection.predicting.predictions import FilePrediction, columns_of
from core.storage_errors import storage_error

_SECONDS_BETWEEN_COMMITS = 1.0
_TABLES = """
CREATE TABLE IF NOT EXISTS prediction (settings TEXT NOT NULL, runs INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    argument INTEGER, name TEXT, nth INTEGER, stamp TEXT NOT NULL, run INTEGER NOT NULL, place INTEGER NOT NULL,
    answer TEXT, refused TEXT, PRIMARY KEY (argument, name, nth)
) WITHOUT ROWID;
"""
Row = dict[str, str | float | bool]


@dataclass(frozen=True)
class Entry:
    """A file's place in the journal; ``known`` if an earlier run has answered it."""

    argument: int
    name: str
    nth: int
    known: bool


class Journal:
    """An open journal; one process at a time has it. Use it as a context manager."""

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        """Open or begin the journal of a prediction with these settings.

        Raises DataError if it belongs to other settings, is not a journal, or another process writes it.
        """
        self.path = path
        self._place = 0
        self._finished = False
        try:
            self._file = sqlite3.connect(path, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise self._problem(error) from error
        try:
            self._run = self._begin(json.dumps(settings, sort_keys=True))
        except sqlite3.Error as error:
            self._file.close()
            raise self._problem(error) from error
        except DataError:
            self._file.close()
            raise
        self._committed = time.monotonic()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        """Keep what is there, also after an error."""
        try:
            if self._file.in_transaction:
                self._file.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._problem(error) from error
        finally:
            self._file.close()
        if self._finished:
            self.path.unlink(missing_ok=True)

    @property
    def continues(self) -> bool:
        """Whether an earlier run began it."""
        return self._run > 1

    def visit(self, argument: int, name: str, stamp: str) -> Entry:
        """Number a file; ``stamp`` changes when its content does, and is empty for one that has to be read again.

        Files of the same name are told apart by their order.
        """
        self._place += 1
        seen = "SELECT run, stamp, answer, refused FROM files WHERE argument = ? AND name = ? ORDER BY nth"
        rows = self._rows(seen, argument, name)
        for nth, (run, before, answer, refused) in enumerate(rows):
            if run != self._run:
                known = bool(stamp) and stamp == before and (answer is not None or refused is not None)
                kept = (answer, refused) if known else (None, None)
                self._write(
                    "UPDATE files SET run = ?, place = ?, stamp = ?, answer = ?, refused = ? "
                    "WHERE argument = ? AND name = ? AND nth = ?",
                    *(self._run, self._place, stamp, *kept, argument, name, nth),
                )
                return Entry(argument, name, nth, known)
        self._write(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)",
            *(argument, name, len(rows), stamp, self._run, self._place),
        )
        return Entry(argument, name, len(rows), False)

    def save(self, entry: Entry, answer: FilePrediction) -> None:
        """Keep a file's answer, or why it cannot be read."""
        cells = None if answer.prediction is None else json.dumps(columns_of(answer.prediction))
        self._write(
            "UPDATE files SET answer = ?, refused = ? WHERE argument = ? AND name = ? AND nth = ?",
            *(cells, None if cells else answer.refused, entry.argument, entry.name, entry.nth),
        )
        if time.monotonic() - self._committed > _SECONDS_BETWEEN_COMMITS:
            self._write("COMMIT")
            self._write("BEGIN IMMEDIATE")
            self._committed = time.monotonic()

    def answers(self) -> Iterator[tuple[str, Row]]:
        """Yield the name and the cells of every photo of this run, in order."""
        for name, answer in self._in_order("name, answer", "answer"):
            yield name, json.loads(answer)

    def refused(self) -> Iterator[tuple[str, str]]:
        """Yield the name of every file of this run that cannot be read, and why, in order."""
        yield from self._in_order("name, refused", "refused")

    def count(self) -> int:
        """Return how many files this run came across."""
        return self._place

    def finish(self) -> None:
        """Delete the journal when it is closed: its table has been written."""
        self._finished = True

    def _begin(self, settings: str) -> int:
        # A process that is killed leaves a second file, with which the next one restores the last commit.
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, _TABLES.split(";")):
            self._file.execute(statement)
        before = self._file.execute("SELECT settings, runs FROM prediction").fetchone()
        if before is None:
            self._file.execute("INSERT INTO prediction VALUES (?, 1)", (settings,))
        elif before[0] != settings:
            raise DataError(
                f"{self.path} holds an interrupted prediction of another model, or with other options. Delete it to "
                "start again, or choose another output file."
            )
        else:
            self._file.execute("UPDATE prediction SET runs = runs + 1")
        self._file.execute("COMMIT")
        self._file.execute("BEGIN IMMEDIATE")
        return 1 if before is None else int(before[1]) + 1

    def _in_order(self, columns: str, wanted: str) -> Iterator[Any]:
        # Sorted on disk where there are many.
        query = f"SELECT {columns} FROM files WHERE run = ? AND {wanted} IS NOT NULL ORDER BY place"
        yield from self._file.execute(query, (self._run,))

    def _rows(self, statement: str, *values: object) -> list[Any]:
        try:
            return self._file.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._problem(error) from error

    def _write(self, statement: str, *values: object) -> None:
        self._rows(statement, *values)

    def _problem(self, error: sqlite3.Error) -> Exception:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return DataError(
                f"Another process writes {self.path} now. Wait until it ends, or choose another output file."
            )
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CANTOPEN:
            return DataError(f"{self.path} cannot be written. Choose an output file in a folder that you may write to.")
        known = storage_error(error, f"{self.path} cannot be written", "run the same command again")
        return known or DataError(f"{self.path} cannot be read ({error}). Delete it, then run the command again.")
