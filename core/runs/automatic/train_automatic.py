"""Automatic training: trains phase after phase, compares each with the model before it, and keeps what is better.

Every phase is an ordinary training in a folder of its own inside the run's, started from the best model so far: its
head is trained already when other layers begin to change (LP-FT, Kumar et al. 2022, arXiv 2202.10054).
"""

import shutil
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from core.data.snapshot import LOCALIZATION
from core.errors import StorageError
from core.models.bundle import read_info
from core.progress import Progress
from core.runs.automatic.early_result import early_result, first_verdict
from core.runs.automatic.gain import gain_of
from core.runs.automatic.next_phase import (
    USUAL_SECONDS,
    Ended,
    Planned,
    Situation,
    measured_seconds_per_photo,
    next_phase,
    stage_for_next,
)
from core.runs.automatic.pace import Pace, pace_of
from core.runs.automatic.phase_epochs import settle_epochs
from core.runs.automatic.phase_model import SPLIT, make_best, mark_best, read_report, report_phase, restore_best
from core.runs.automatic.phase_recipe import phase_recipe
from core.runs.automatic.phase_training import solve, train_by_steps
from core.runs.automatic.phases import FOLDER, NAMES, STOPPED, Phase, Phases, Point, read_phases, write_phases
from core.runs.ending.failures import failure_sentence
from core.runs.folder import RunFolder
from core.runs.progress_writer import saved_epoch
from core.runs.solving.solved_run import report_solved
from core.storage_errors import disk_trouble
from core.training.advice import advice
from core.training.events import BoxEpoch, EarlyModel, Epoch, Event, PhaseChange
from core.training.recipe import TASK_DEFAULTS, Recipe
from core.workspace import Workspace

_COMPARING = "comparing on the validation photos"


class AutomaticTraining:
    """One automatic training of a run; ``events`` trains, ``finish_stopped`` ends one that was stopped."""

    def __init__(
        self,
        run: RunFolder,
        workspace: Workspace,
        clock: Callable[[], float] = time.monotonic,
        own_process: bool = False,
    ) -> None:
        """``own_process`` is for a process that does nothing but train."""
        self.run = run
        self.workspace = workspace
        self.recipe = run.recipe()
        self.snapshot = run.snapshot()
        self.phases = read_phases(run.path) or Phases()
        self._maps = 0.0
        self._own_process = own_process
        self._clock = clock
        self._before = self.phases.seconds
        self._began = clock()
        limit: float | None = self.recipe.time_limit
        self._limit = USUAL_SECONDS if limit is None else 60 * limit

    @property
    def seconds(self) -> float:
        """How long the training has taken, without interruptions."""
        return self._before + self._clock() - self._began

    @property
    def late(self) -> bool:
        """Whether the time limit is reached."""
        return self.seconds >= self._limit

    def saved_epochs(self) -> int:
        """Return how many epochs are saved: the metrics of later ones are recorded again."""
        if not self.phases.phases:
            return 0
        last = self.phases.phases[-1]
        saved = self.saved_epoch()
        return last.last_epoch if last.over and not last.stopped else saved["epoch"] if saved else last.first_epoch - 1

    def saved_epoch(self) -> dict[str, Any] | None:
        """Return the fields of the last epoch that an unfinished phase has saved, as metrics.jsonl has them."""
        last = self.phases.phases[-1] if self.phases.phases else None
        if last is None or (last.over and not last.stopped) or not self._by_steps(last):
            return None
        saved = saved_epoch(RunFolder(self._folder(last)))
        if saved is None:
            return None
        offset = last.first_epoch - 1
        epochs = offset + (last.planned or last.epochs)
        return {**saved, "epoch": saved["epoch"] + offset, "epochs": epochs, "best": False}

    def events(self) -> Generator[Event]:
        """Train and yield events; epochs count through all phases.

        ``best/`` has a model, with its report, as soon as the first phase is over. A later phase that fails ends the
        training with the model before it. Raises the errors of ``solve_head`` and ``fit``.
        """
        if self.phases.over:  # it was interrupted in what follows, such as the evaluation
            shutil.rmtree(self.run.path / FOLDER, ignore_errors=True)
            return
        if not self.phases.phases:
            for sentence in advice(self.recipe, self.snapshot.counts(), self.snapshot.task):
                self.run.append_log(sentence)
        self._reopen()
        while True:
            phases = self.phases.phases
            if not phases or phases[-1].over:
                planned = self._plan()
                if isinstance(planned, Ended):
                    yield self._end(planned.reason)
                    break
                self._begin(planned)
            phase = self.phases.phases[-1]
            yield self._change(f"Phase {len(self.phases.phases)}, {NAMES[phase.train]}: {phase.reason}")
            try:
                with closing(self._train(phase)) as events:
                    for event in events:
                        if isinstance(event, EarlyModel):
                            self._write(self.phases.model_copy(update={"early": early_result(event, self.seconds)}))
                        elif isinstance(event, Epoch):
                            score = event.val_iou if isinstance(event, BoxEpoch) else event.val_accuracy
                            self._add_point(event.epoch, score)
                        yield event
                        if self.late and self.phases.kept_before(phase):  # the first phase is always trained to its end
                            self.run.append_log("The time limit is reached.")
                            break
                yield Progress(_COMPARING, 0, None)
                self._finish()
            except Exception as error:
                if self._must_raise(error):
                    raise
                yield from self._fail(error)
                break
            yield self._change(self.phases.phases[-1].verdict)
        shutil.rmtree(self.run.path / FOLDER, ignore_errors=True)

    def finish_stopped(self) -> None:
        """End a training that was stopped: an unfinished phase counts with its best model so far.

        A resume goes on with that phase.
        """
        if self.phases.over:
            return
        if self.phases.phases and not self.phases.phases[-1].over:
            if RunFolder(self._folder(self.phases.phases[-1])).finished:
                self._finish(stopped=True)
            else:
                self._write(self.phases.model_copy(update={"phases": self.phases.phases[:-1]}))
        self._write(self.phases.model_copy(update={"end": STOPPED}))

    def _reopen(self) -> None:
        """Go on with a training that was stopped or interrupted: its last phase may not be over."""
        phases = self.phases.model_copy(update={"end": ""})
        if phases.phases and phases.phases[-1].stopped:
            last = phases.phases[-1]
            again = {"stopped": False, "ended": None, "epochs": last.planned or last.epochs, "planned": None}
            phases = phases.replaced(last.model_copy(update=again))
        if phases != self.phases:
            self._write(phases)
        if (saved := self.saved_epoch()) is not None:  # it may have been saved a moment before the process died
            score = saved["val_iou"] if "val_iou" in saved else saved["val_accuracy"]
            self._add_point(saved["epoch"], score, again=False)

    def _plan(self) -> Planned | Ended:
        now = self._situation()
        measured = [one for phase in now.done if (one := measured_seconds_per_photo(now, phase)) is not None]
        return next_phase(replace(now, seconds_per_photo=measured[-1]) if measured else now)

    def _situation(self) -> Situation:
        counts = self.snapshot.frame["split"].value_counts()
        boxes = self.snapshot.task == LOCALIZATION
        done = self.phases.phases
        pace = self._pace if any(phase.over for phase in done) else Pace(0.0, 0.0)
        return Situation(
            done=done,
            photos=int(counts.get("train", 0)),
            val_photos=int(counts.get("val", 0)),
            classes=len(self.snapshot.classes),
            seconds_left=self._limit - self.seconds,
            seconds_per_photo=pace.seconds_per_photo,
            box_epochs=TASK_DEFAULTS[LOCALIZATION]["epochs"] if boxes else 0,
            views=self.recipe.views,
            full_step=pace.full_step,
            maps=self._maps,
            mixes=self.recipe.interpolate,
        )

    @cached_property
    def _pace(self) -> Pace:
        return pace_of(self.workspace, self.run, self.recipe)

    def _begin(self, planned: Planned) -> None:
        done = self.phases.phases
        phase = Phase(
            train=planned.train,
            first_epoch=done[-1].last_epoch + 1 if done else 1,
            epochs=planned.epochs,
            began=self.seconds,
            reason=planned.reason,
        )
        self._write(self.phases.added(phase))

    def _end(self, reason: str) -> PhaseChange:
        self._write(self.phases.model_copy(update={"end": reason}))
        return self._change(reason)

    def _must_raise(self, error: Exception) -> bool:
        """Return whether an error ends the run: there is no model yet, no room on the disk, or no folder any more."""
        full = isinstance(error, StorageError) or disk_trouble(error) is not None
        first = self.phases.kept_before(self.phases.phases[-1]) is None
        return first or full or not self.run.status_path.exists()

    def _fail(self, error: Exception) -> Generator[PhaseChange]:
        """Record that a phase failed: its best epoch until then counts if it is better than the model before it."""
        sentence = failure_sentence(error)
        if sentence is None:
            self.run.append_log("".join(traceback.format_exception(error)).rstrip())
            sentence = "The error was unexpected; see the log."
        traceback.clear_frames(error.__traceback__)  # they hold the network, and the comparison needs the memory
        phase = self.phases.phases[-1]
        if self._finish_failed():
            yield self._change(self.phases.phases[-1].verdict)
        else:
            if before := self.phases.kept_before(phase):
                restore_best(self.run, self._folder(before), self._best_epoch(before))
            settle_epochs(self.run, self._folder(phase), None, kept=False)
            over = {"ended": self.seconds, "verdict": sentence, "kept": False}
            self._write(self.phases.replaced(phase.model_copy(update=over)))
        kept = "its best epoch until then" if self.phases.phases[-1].kept else "the model before it"
        yield self._end(f"Training {NAMES[phase.train]} failed, so {kept} is kept. {sentence}")

    def _finish_failed(self) -> bool:
        """Compare what a failed phase had trained; returns whether there was something, and it could be compared."""
        if not RunFolder(self._folder(self.phases.phases[-1])).finished:
            return False
        try:
            self._finish()
        except Exception as error:
            if self._must_raise(error):
                raise
            self.run.append_log("".join(traceback.format_exception(error)).rstrip())
            return False
        return True

    def _change(self, sentence: str) -> PhaseChange:
        phase = self.phases.phases[-1]
        return PhaseChange(phase.train, phase.last_epoch, sentence)

    def _by_steps(self, phase: Phase) -> bool:
        """Return whether a phase is trained by gradient descent; the head is solved, except for boxes."""
        return phase.train != "head" or self.snapshot.task == LOCALIZATION

    def _train(self, phase: Phase) -> Generator[Event]:
        folder = self._folder(phase)
        folder.mkdir(parents=True, exist_ok=True)
        before = self.phases.kept_before(phase)
        start = self._folder(before) / "best" if before else None
        recipe = phase_recipe(self.recipe, phase, start, self.snapshot.task)
        general = advice(recipe, self.snapshot.counts(), self.snapshot.task)

        def log(sentence: str) -> None:
            if sentence not in general:  # it is about a recipe that somebody chose
                self.run.append_log(sentence)

        if not self._by_steps(phase):
            yield from self._solve(phase, recipe, folder, log)
            return
        # It would be about the model before these epochs, if the process died before the comparison was written.
        (folder / f"report-{SPLIT}.json").unlink(missing_ok=True)
        yield from train_by_steps(phase, recipe, self.snapshot, folder, self.workspace, log, self._own_process)

    def _solve(self, phase: Phase, recipe: Recipe, folder: Path, log: Callable[[str], None]) -> Generator[Event]:
        maps_of = stage_for_next(self._situation(), self.recipe)
        solved = yield from solve(self.run, phase, recipe, folder, self.workspace, log, maps_of)
        self._maps = solved.share_with_maps
        self.run.write_status(device="cpu", precision=solved.engine)
        if self.recipe.test_time_views > 1:  # the vectors are those of a single view
            report_phase(self.run, folder, self.workspace)
        else:
            report_solved(self.run, self.snapshot, solved, folder)

    def _finish(self, *, stopped: bool = False) -> None:
        """Compare the phase's model with the one before, make the better one the run's, and write down why.

        Done again after an interruption, it comes to the same result.
        """
        phase = self.phases.phases[-1]
        folder = self._folder(phase)
        trained = max([phase.first_epoch, *(point.epoch for point in phase.points)]) - phase.first_epoch + 1
        over: dict[str, Any] = {"epochs": trained, "planned": phase.epochs, "stopped": stopped, "kept": False}
        before = self.phases.kept_before(phase)
        if not RunFolder(folder).finished:
            over["verdict"] = "The time limit was reached before its first epoch ended."
        else:
            if not (folder / f"report-{SPLIT}.json").exists():
                report_phase(self.run, folder, self.workspace)
            report, predictions = read_report(folder)
            figure = getattr(report, "mean_iou", None) or report.accuracy
            over.update(value=figure.value, low=figure.low, high=figure.high, n=figure.n)
            over["best_epoch"] = self._best_epoch(phase)
            over["kept"], over["verdict"] = True, first_verdict(folder / "best")
            if before is not None:
                gain = gain_of(read_report(self._folder(before)), (report, predictions))
                over["kept"], over["verdict"] = gain.better, gain.sentence
        if over["kept"]:
            make_best(self.run, folder, over["best_epoch"])
            mark_best(self.run, over["best_epoch"])
        elif before is not None:  # the phase may have been better when it was stopped or killed
            restore_best(self.run, self._folder(before), self._best_epoch(before))
        settle_epochs(self.run, folder, self._folder(before) if before else None, kept=over["kept"])
        self._write(self.phases.replaced(phase.model_copy(update={**over, "ended": self.seconds})))
        if not stopped:
            shutil.rmtree(folder / "last" if over["kept"] else folder, ignore_errors=True)

    def _best_epoch(self, phase: Phase) -> int:
        if not self._by_steps(phase):
            return phase.first_epoch
        return phase.first_epoch - 1 + int(read_info(self._folder(phase) / "best").metrics.get("epoch", 1))

    def _add_point(self, epoch: int, score: float, *, again: bool = True) -> None:
        """Add an epoch's result to the present phase; ``again`` is whether a result that is there is replaced."""
        phase = self.phases.phases[-1]
        if not again and any(point.epoch == epoch for point in phase.points):
            return
        earlier = tuple(point for point in phase.points if point.epoch < epoch)
        point = Point(seconds=self.seconds, epoch=epoch, score=score)
        self._write(self.phases.replaced(phase.model_copy(update={"points": (*earlier, point)})))

    def _folder(self, phase: Phase) -> Path:
        number = next(n for n, one in enumerate(self.phases.phases, 1) if one.first_epoch == phase.first_epoch)
        return self.run.path / FOLDER / f"{number}-{phase.train}"

    def _write(self, phases: Phases) -> None:
        self.phases = phases
        write_phases(self.run.path, phases)
