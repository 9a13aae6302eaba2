"""Estimates the remaining time of a run: the batches and epochs that are left, and the evaluation after them."""

import time
from collections.abc import Callable

# Time for validation and saving relative to the training batches, until it has been measured in one epoch.
_FIRST_GUESS = 0.15
# Of the evaluation: loading the model, writing the report.
_FIXED_SECONDS = 1.0
# The evaluation computes in fp32. Training and its validation may use half the bits, in about half the time.
_FP32_FACTOR = 2.0


class RemainingTime:
    """Estimates the seconds left from what is reported to it: features, steps, validation, epochs, evaluation."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, validation_photos: int = 0) -> None:
        self.full_precision = True
        self._clock = clock
        self._validation_photos = validation_photos
        self._epoch = 0
        self._epochs_left = 0
        self._first: tuple[int, float] = (0, 0.0)  # a batch of this epoch and the time at which it ended
        self._last_batch = 0.0
        self._around: float | None = None  # seconds of an epoch outside its training batches
        self._per_batch: float | None = None
        self._training = 0.0  # seconds of an epoch's training batches
        self._per_validation_photo: float | None = None
        self._evaluating_since = 0.0
        self._features: tuple[int, float] | None = None  # views that were computed, and the time then
        self._per_view = 0.0

    def begin_phase(self) -> None:
        """Forget how long steps and epochs took: the next ones train other layers."""
        self._epoch, self._epochs_left, self._first = 0, 0, (0, 0.0)
        self._per_batch = self._around = self._features = None
        self._training = 0.0

    def after_features(self, done: int, total: int, training: float = 0.0) -> float | None:
        """Return the seconds left when the frozen layers have computed ``done`` views of photos, or None at first.

        ``training`` is how many more views the whole network could compute in the time of all epochs.
        """
        moment = self._clock()
        if self._features is None:
            self._features = (done, moment)
        first, since = self._features
        if done <= first:
            return None
        self._per_view = (moment - since) / (done - first)
        return self._per_view * (total - done + training) + self._evaluation()

    def after_step(self, epoch: int, epochs: int, batch: int, batches: int) -> float | None:
        """Return the seconds left after this batch, or None if it is too early to estimate."""
        moment = self._clock()
        if epoch != self._epoch:
            self._epoch, self._first = epoch, (batch, moment)
        self._epochs_left = epochs - epoch
        first, since = self._first
        self._last_batch = moment
        if batch > first:
            self._per_batch = (moment - since) / (batch - first)
        if self._per_batch is None:
            return None
        self._training = self._per_batch * batches
        around = self._around_training()
        later = self._epochs_left * (self._training + around)
        return self._per_batch * (batches - batch) + around + later + self._evaluation()

    def after_validation(self, done: int) -> float | None:
        """Return the seconds left after so many validation photos of this epoch."""
        if not done or not self._epoch:
            return None
        spent = self._clock() - self._last_batch
        self._per_validation_photo = spent / done
        if self._per_batch is None:
            return None
        around = max(self._around_training(), self._per_validation_photo * self._validation_photos)
        return max(0.0, around - spent) + self._epochs_left * (self._training + around) + self._evaluation()

    def after_epoch(self, epoch: int, epochs: int, seconds: float) -> float:
        """Return the seconds left after an epoch that took ``seconds`` in total."""
        if self._epoch == epoch:
            self._around = max(0.0, self._clock() - self._last_batch)
        return (epochs - epoch) * seconds + self._evaluation()

    def start_evaluation(self) -> float:
        """Return the seconds that the evaluation of the best model will take."""
        self._evaluating_since = self._clock()
        return self._evaluation()

    def after_evaluated(self, done: int) -> float:
        """Return the seconds left when ``done`` validation photos have been evaluated."""
        photos, spent = self._validation_photos, self._clock() - self._evaluating_since
        if done <= 0 or photos <= 0:
            return max(0.0, self._evaluation() - spent)
        return spent / done * max(0, photos - done)

    def _around_training(self) -> float:
        return self._around if self._around is not None else _FIRST_GUESS * self._training

    def _evaluation(self) -> float:
        """Return the estimated seconds of the evaluation: the validation photos in fp32."""
        if not self._validation_photos:
            return 0.0
        per_photo = self._per_validation_photo
        if per_photo is None:
            per_photo = self._around_training() / self._validation_photos
        # Epochs on kept features say nothing about the whole network; computing the features does.
        computing = max(per_photo, self._per_view) * (1.0 if self.full_precision else _FP32_FACTOR)
        return _FIXED_SECONDS + computing * self._validation_photos
