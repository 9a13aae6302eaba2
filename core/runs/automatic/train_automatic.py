"""Automatic training: trains phase after phase, compares each with the model before it, and keeps what is better.

Every phase is an ordinary training in a folder of its own inside the run's, started from the best model so far: its
head is trained already when deeper layers begin to change (LP-FT, Kumar et al. 2022, arXiv 2202.10054).
"""

import shutil
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from core.data.snapshot import LOCALIZATION
from core.models.bundle import read_info
from core.progress import Progress
from core.runs import metrics
from core.runs.automatic.gain import gain_of
from core.runs.automatic.next_phase import USUAL_SECONDS, Ended, Planned, Situation, next_phase
from core.runs.automatic.phase_model import make_best, read_report, report_phase, report_solved
from core.runs.automatic.phases import FOLDER, Phase, Phases, Point, read_phases, write_phases
from core.runs.folder import RunFolder
from core.runs.progress_writer import saved_epoch
from core.training.events import BoxEpoch, Epoch, Event, SolverIteration, Step
from core.training.recipe import TASK_DEFAULTS, Recipe
from core.workspace import Workspace


class AutomaticTraining:
    """One automatic training of a run; ``events`` trains, ``finish_stopped`` ends one that was stopped."""

    def __init__(self, run: RunFolder, workspace: Workspace, clock: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self.workspace = workspace
        self.recipe = run.recipe()
        self.snapshot = run.snapshot()
        self.phases = read_phases(run.path) or Phases()
        self._clock = clock
        self._before = self.phases.seconds
        self._began = clock()
        limit: float | None = self.recipe.time_limit
        self._limit = USUAL_SECONDS if limit is None else 60 * limit

    @property
    def seconds(self) -> float:
        """How long the training has taken, without interruptions."""
        return self._before + self._clock() - self._began

    def saved_epochs(self) -> int:
        """Return how many epochs are saved: the metrics of later ones are recorded again."""
        if not self.phases.phases:
            return 0
        last = self.phases.phases[-1]
        done = last.first_epoch - 1
        if last.over:
            return done + last.epochs
        saved = saved_epoch(RunFolder(self._folder(last))) if last.train != "head" else None
        return done + (saved["epoch"] if saved else 0)

    def events(self) -> Iterator[Event]:
        """Train and yield events; epochs count through all phases.

        ``best/`` has a model, with its report, as soon as the first phase is over. Raises the errors of ``solve_head``
        and ``fit``.
        """
        while True:
            if not self.phases.phases or self.phases.phases[-1].over:
                planned = self._plan()
                if isinstance(planned, Ended):
                    self._write(self.phases.model_copy(update={"end": planned.reason}))
                    self.run.append_log(planned.reason)
                    break
                self._begin(planned)
            phase = self.phases.phases[-1]
            self.run.write_status(epochs=phase.first_epoch - 1 + phase.epochs)
            yield from self._train(phase)
            yield Progress("comparing on the validation photos", 0, None)
            self._finish()
        shutil.rmtree(self.run.path / FOLDER, ignore_errors=True)

    def finish_stopped(self) -> None:
        """End a training that was stopped: an unfinished phase counts with its best model so far."""
        if self.phases.phases and not self.phases.phases[-1].over:
            folder = RunFolder(self._folder(self.phases.phases[-1]))
            if folder.finished:
                self._finish()
            else:
                self._write(self.phases.model_copy(update={"phases": self.phases.phases[:-1]}))
        self._write(self.phases.model_copy(update={"end": "The training was stopped."}))

    def _plan(self) -> Planned | Ended:
        counts = self.snapshot.frame["split"].value_counts()
        photos, val = int(counts.get("train", 0)), int(counts.get("val", 0))
        boxes = self.snapshot.task == LOCALIZATION
        head = next((one for one in self.phases.phases if one.train == "head"), None)
        # The first phase is little more than one pass over all photos, unless their features were there.
        seconds = (head.ended or 0.0) - head.began if head else 0.0
        return next_phase(
            Situation(
                done=self.phases.phases,
                photos=photos,
                val_photos=val,
                classes=len(self.snapshot.classes),
                seconds_left=self._limit - self.seconds,
                seconds_per_photo=self._seconds_per_photo(seconds / max(1, photos + val)),
                box_epochs=TASK_DEFAULTS[LOCALIZATION]["epochs"] if boxes else 0,
            )
        )

    def _seconds_per_photo(self, measured: float) -> float:
        return measured

    def _begin(self, planned: Planned) -> None:
        done = self.phases.phases
        first = done[-1].first_epoch + done[-1].epochs if done else 1
        phase = Phase(
            train=planned.train,
            first_epoch=first,
            epochs=planned.epochs,
            began=self.seconds,
            reason=planned.reason,
        )
        self.run.append_log(f"Phase {len(done) + 1}: {planned.reason}")
        self._write(self.phases.added(phase))

    def _train(self, phase: Phase) -> Generator[Event]:
        folder = self._folder(phase)
        folder.mkdir(parents=True, exist_ok=True)
        recipe = self._recipe_of(phase)
        offset = phase.first_epoch - 1
        if phase.train == "head" and self.snapshot.task != LOCALIZATION:
            yield from self._solve(phase, recipe, folder)
            return
        from core.training.trainer import fit

        cache = self.workspace.cache / "resized"
        resumed = RunFolder(folder).begun
        events: Any = fit(
            self.snapshot,
            recipe,
            folder,
            resume=resumed,
            log=self.run.append_log,
            cache=cache,
            workspace=self.workspace,
        )
        with closing(events):
            for event in events:
                if isinstance(event, Epoch):
                    shown = replace(event, epoch=event.epoch + offset, epochs=phase.epochs + offset, best=False)
                    self._add_point(shown)
                    yield shown
                    if self.seconds > self._limit and phase.train != "head":
                        self.run.append_log("The time limit is reached.")
                        return
                else:
                    yield replace(event, epoch=event.epoch + offset) if isinstance(event, Step) else event

    def _solve(self, phase: Phase, recipe: Recipe, folder: Path) -> Generator[Event]:
        from core.training.linear.head_run import solve_head

        events = solve_head(self.snapshot, recipe, folder, self.workspace, splits=("val",), log=self.run.append_log)
        solved = None
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                solved = end.value
                break
            if not isinstance(event, SolverIteration):
                yield event
            elif event.best:
                fields = {**asdict(event), "epoch": phase.first_epoch, "epochs": phase.epochs, "best": False}
                fields["seconds"] = self.seconds - phase.began
                shown = Epoch(**fields)
                self._add_point(shown)
                yield shown
        if self.recipe.test_time_views > 1:  # the vectors are those of a single view
            report_phase(self.run, folder, self.workspace)
        else:
            report_solved(self.run, folder, solved)

    def _recipe_of(self, phase: Phase) -> Recipe:
        """Return the recipe of a phase: the run's, with other layers, epochs and, after the first, starting weights."""
        changes: dict[str, Any] = {"train": phase.train, "epochs": phase.epochs}
        kept = self.phases.kept
        if kept is not None and kept is not phase:
            changes["weights"] = str(self._folder(kept) / "best")
            changes["learning_rate"] = self.recipe.learning_rate or 0.5 * self.recipe.usual_learning_rate()
        return self.recipe.model_copy(update=changes)

    def _finish(self) -> None:
        """Compare the phase's model with the run's, keep the better one, and write down why."""
        phase = self.phases.phases[-1]
        folder = self._folder(phase)
        if not (folder / "report-val.json").exists():
            report_phase(self.run, folder, self.workspace)
        report, predictions = read_report(folder)
        kept = self.phases.kept
        if kept is None:
            better, verdict = True, "The first model."
        else:
            gain = gain_of(read_report(self.run.path), (report, predictions))
            better, verdict = gain.better, gain.sentence
        figure = getattr(report, "mean_iou", None) or report.accuracy
        best = phase.first_epoch - 1 + int(read_info(folder / "best").metrics.get("epoch", 1))
        best = phase.first_epoch if phase.train == "head" and self.snapshot.task != LOCALIZATION else best
        trained = max([phase.first_epoch, *(point.epoch for point in phase.points)])
        if better:
            make_best(self.run, folder, phase.first_epoch)
            self._mark_best(best)
        over = phase.model_copy(
            update={
                "ended": self.seconds,
                "epochs": trained - phase.first_epoch + 1,
                "best_epoch": best,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
                "n": figure.n,
                "kept": better,
                "verdict": verdict,
            }
        )
        self._write(self.phases.replaced(over))
        self.run.append_log(verdict)

    def _mark_best(self, epoch: int) -> None:
        """Record an epoch again, as the best so far: of two lines of an epoch, the later one counts."""
        for record in metrics.records(self.run.metrics_path, "epoch"):
            if record["epoch"] == epoch:
                fields = {name: value for name, value in record.items() if name != "kind"}
                self.run.append_metrics("epoch", {**fields, "best": True})

    def _add_point(self, epoch: Epoch) -> None:
        phase = self.phases.phases[-1]
        score = epoch.val_iou if isinstance(epoch, BoxEpoch) else epoch.val_accuracy
        earlier = tuple(point for point in phase.points if point.epoch < epoch.epoch)
        point = Point(seconds=self.seconds, epoch=epoch.epoch, score=score)
        self._write(self.phases.replaced(phase.model_copy(update={"points": (*earlier, point)})))

    def _folder(self, phase: Phase) -> Path:
        number = next(n for n, one in enumerate(self.phases.phases, 1) if one.first_epoch == phase.first_epoch)
        return self.run.path / FOLDER / f"{number}-{phase.train}"

    def _write(self, phases: Phases) -> None:
        self.phases = phases
        write_phases(self.run.path, phases)
