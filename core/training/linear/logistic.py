"""Multinomial logistic regression on kept vectors: solved to its optimum, its strength chosen by cross-validation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import TooLittleData
from core.training.linear.folds import grouped_folds
from core.training.linear.linear_head import LinearHead, Score, score_of
from core.training.linear.minimizer import Iterate, Precondition, minimize
from core.training.linear.softmax_loss import SoftmaxLoss
from core.training.linear.threads import suitable_threads
from core.training.linear.vector_space import MAIN, VectorSpace

STRENGTHS = tuple(float(10 ** (-place / 2)) for place in range(4, 12))
"""The strengths that are tried, from 0.01 to 0.000003, for vectors with a mean squared length of 1. Half of it times
the squared weights is added to the mean loss. The one with the lowest held-out loss was the best choice on hand signs,
eyes and flowers (60, 250 and 800 photos, four draws): taking the strongest within a standard error (Breiman's rule)
raised the loss on validation photos by 2 to 90 %. With 250 or 800 photos the accuracy was the same within half a point.
"""
DEFAULT_STRENGTH = STRENGTHS[4]
"""Where too few photos are there to choose one."""
FOLDS = 5
TOLERANCE = 1e-6
"""The fit ends when at most this share of the loss is left to gain."""
_CHOICE_TOLERANCE = 1e-4
_MOST = 500
_MOST_IN_CHOICE = 60
_CERTAINTY = 0.1
"""The mean of p (1 - p) during a fit, as a share of what it is for probabilities that are all equal."""
_FIRST_STEP = 0.3 * _CERTAINTY
"""Of what the preconditioner proposes, ``_CERTAINTY`` is right at the start, where all probabilities are equal. The
rest leads far past the optimum, to a training loss of about 0, and takes a third more iterations in all. Less takes
as many, and shows how the loss falls."""
_NUMBERS = 16 << 20
"""Logits computed at once."""
_RISES = 2
"""After so many weaker strengths in a row with a higher loss, no weaker one is tried."""


@dataclass(frozen=True)
class TrainingVectors:
    """Vectors of labelled photos, one array for each view."""

    views: Sequence[np.ndarray]
    """Each float32 [n, C]; the first are the photos as they are (the original view)."""
    labels: np.ndarray
    """[n], class numbers below ``classes``."""
    classes: int
    groups: Sequence[object] | None = None
    """Equal for photos that belong together, such as near-duplicates: they are never in two folds."""
    class_weighting: str = "none"
    """``balanced``: every class has the same total weight."""
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class StrengthChoice:
    """The strengths that were tried in cross-validation, and the chosen one."""

    strength: float
    tried: tuple[float, ...]
    losses: tuple[float, ...]
    """The mean held-out loss of each; empty if there were too few photos to try any."""
    correct: tuple[int, ...]
    """How many held-out photos each predicted correctly."""
    n: int
    """Held-out photos; each photo is held out once, as it is in its original view."""
    held_out: np.ndarray
    """The loss of each photo when it was held out, with the chosen strength, [n photos]; NaN if it was not."""
    right: np.ndarray
    """Whether it was predicted correctly then, [n photos]."""


@dataclass(frozen=True)
class Iteration:
    """One point of the training curves, and the head there."""

    number: int
    """0 is the start: all classes are equally likely."""
    train: Score
    """The photos trained on; the mean of their views."""
    val: Score | None
    ended: bool
    gradient: float
    """The norm of the gradient: 0 at the optimum."""
    _weight: np.ndarray = field(repr=False)
    _bias: np.ndarray = field(repr=False)
    _along_main: bool = field(repr=False)
    _problem: "LogisticRegression" = field(repr=False)

    def head(self) -> LinearHead:
        """The linear layer for vectors as the network makes them."""
        problem, space = self._problem, self._problem.space
        weight = space.from_main(self._weight) if self._along_main else self._weight
        weight, bias = space.unplace(weight, self._bias)
        return LinearHead.of_classes(weight, bias, problem.present, problem.training.classes)


class LogisticRegression:
    """The regression of a training part, ready to choose its strength and to be solved.

    Minimises the mean cross-entropy of the photos plus half the strength times the squared weights. The views of a
    photo together count as one. Raises TooLittleData if fewer than two classes have photos.
    """

    def __init__(self, training: TrainingVectors) -> None:
        self.training = training
        self.present, labels = np.unique(training.labels, return_inverse=True)
        if len(self.present) < 2:
            raise TooLittleData("The training photos are all of one class. Label photos of at least two classes.")
        views = len(training.views)
        vectors = np.concatenate(list(training.views)) if views > 1 else training.views[0]
        with suitable_threads(vectors.size):
            self.space = VectorSpace.of(vectors)
        self._photos = len(labels)
        self._labels = np.tile(labels, views)
        counts = np.bincount(labels)
        importance = self._photos / (len(counts) * counts) if training.class_weighting == "balanced" else np.ones(1)
        self._weights = np.tile(importance[labels] if len(importance) > 1 else np.ones(self._photos), views) / views

    def choose_strength(self, *, folds: int = FOLDS, seed: int = 0) -> StrengthChoice:
        """Try strengths in cross-validation, from strong to weak, each from the solution of the one before.

        The folds are stratified and keep groups together; a photo is held out with all its views and judged by its
        original one. The strength with the lowest mean held-out loss is chosen.
        """
        labels = self._labels[: self._photos]
        fold_of = grouped_folds(labels, self.training.groups, folds, seed)
        held = fold_of == np.unique(fold_of)[:, None]  # [folds, photos]
        # A photo can be judged only if others of its class are trained on.
        known = np.array([np.isin(labels, labels[~one]) for one in held])
        judged = held & known
        usable = np.array([len(np.unique(labels[~one])) >= 2 for one in held]) & judged.any(axis=1)
        held, judged = held[usable], judged[usable]
        if not judged.any():
            nothing = np.full(self._photos, np.nan)
            return StrengthChoice(DEFAULT_STRENGTH, (), (), (), 0, nothing, nothing > 0)
        weights = np.tile(~held, len(self.training.views)) * self._weights
        weights /= (~held).sum(axis=1, keepdims=True)
        rows = np.ascontiguousarray(self.space.main_rows[:, :MAIN])
        which = judged.any(axis=0)
        fold = judged.argmax(axis=0)[which]
        photos = np.flatnonzero(which)
        importance = self._weights[photos] * len(self.training.views)
        parameters = np.zeros((len(held), len(self.present), rows.shape[1] + 1))
        losses, rights, means = [], [], []
        for strength in STRENGTHS:
            with suitable_threads(self.space.rows.size):
                row_losses, row_correct = self._solve_folds(rows, weights, strength, parameters)
            losses.append(row_losses[fold, photos])
            rights.append(row_correct[fold, photos])
            means.append(float((losses[-1] * importance).mean(dtype=np.float64)))
            if len(means) - 1 - int(np.argmin(means)) >= _RISES:
                break
        best = int(np.argmin(means))
        held_out, right = np.full(self._photos, np.nan), np.zeros(self._photos, bool)
        held_out[photos], right[photos] = losses[best], rights[best]
        correct = tuple(int(one.sum()) for one in rights)
        tried = STRENGTHS[: len(means)]
        return StrengthChoice(STRENGTHS[best], tried, tuple(means), correct, len(photos), held_out, right)

    def iterations(
        self, strength: float, validation: tuple[np.ndarray, np.ndarray] | None = None, *, tolerance: float = TOLERANCE
    ) -> Iterator[Iteration]:
        """Solve the regression, and yield the start and every iteration; the last one is the optimum.

        ``validation``: vectors [m, C] and class numbers [m] to score each iteration on.
        """
        with suitable_threads(self.space.rows.size):
            yield from self._iterations(strength, validation, tolerance)

    def _iterations(
        self, strength: float, validation: tuple[np.ndarray, np.ndarray] | None, tolerance: float
    ) -> Iterator[Iteration]:
        places: dict[bool, np.ndarray] = {}
        views = len(self.training.views)
        for number, (along_main, loss, step) in enumerate(self._steps(strength, tolerance)):
            weight, bias = step.parameters[0, :, :-1], step.parameters[0, :, -1]
            train = score_of(loss.row_losses[0], loss.row_correct[0])
            mean = Score(train.loss_sum / views, round(train.correct / views), self._photos)
            val = None
            if validation is not None:
                if along_main not in places:
                    place = self.space.place_along_main if along_main else self.space.place
                    places = {along_main: place(validation[0])}
                head = LinearHead.of_classes(weight, bias, self.present, self.training.classes)
                val = head.score(places[along_main], validation[1])
            slope = float(np.linalg.norm(step.gradients))
            yield Iteration(number, mean, val, step.ended, slope, weight, bias, along_main, self)

    def _steps(self, strength: float, tolerance: float) -> Iterator[tuple[bool, SoftmaxLoss, Iterate]]:
        """Solve along the main directions and, if those are not all, from there in all coordinates.

        Yields whether the parameters are those along the main directions, the loss and the state.
        """
        space, classes = self.space, len(self.present)
        weights, strengths = (self._weights / self._photos)[None], np.array([strength])
        smoothing = self.training.label_smoothing
        loss = SoftmaxLoss(space.main_rows, self._labels, classes, weights, strengths, smoothing)
        start = np.zeros((1, classes, space.main_rows.shape[1] + 1))
        first = tolerance if space.complete else _CHOICE_TOLERANCE
        precondition = self._precondition_main(strength, space.main_rows.shape[1])
        for step in minimize(loss, start, precondition, tolerance=first, most=_MOST, first_step=_FIRST_STEP):
            if space.complete or not step.ended:
                yield True, loss, step
        if not space.complete:
            loss = SoftmaxLoss(space.rows, self._labels, classes, weights, strengths, smoothing)
            start = np.append(space.from_main(step.parameters[0, :, :-1]), step.parameters[0, :, -1:], axis=1)[None]
            for step in minimize(loss, start, self._precondition_all(strength), tolerance=tolerance, most=_MOST):
                yield False, loss, step

    def solve(self, strength: float, *, tolerance: float = TOLERANCE) -> LinearHead:
        """Return the head at the optimum."""
        for last in self.iterations(strength, tolerance=tolerance):
            if last.ended:
                return last.head()
        raise AssertionError("the last iteration says that it has ended")

    def _solve_folds(
        self, rows: np.ndarray, weights: np.ndarray, strength: float, parameters: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Solve all folds from ``parameters``, change them to the solutions, and return each row's loss and success."""
        classes = len(self.present)
        at_once = max(1, _NUMBERS // (classes * len(rows)))
        row_losses = np.empty(weights.shape, np.float32)
        row_correct = np.empty(weights.shape, bool)
        strengths = np.full(len(weights), strength)
        precondition = self._precondition_main(strength, rows.shape[1])
        for begin in range(0, len(weights), at_once):
            some = slice(begin, begin + at_once)
            loss = SoftmaxLoss(
                rows, self._labels, classes, weights[some], strengths[some], self.training.label_smoothing
            )
            *_, last = minimize(loss, parameters[some], precondition, tolerance=_CHOICE_TOLERANCE, most=_MOST_IN_CHOICE)
            parameters[some] = last.parameters
            row_losses[some], row_correct[some] = loss.row_losses, loss.row_correct
        return row_losses, row_correct

    def _curvature(self) -> float:
        """The diagonal of the Hessian for a direction with a mean square of 1."""
        classes = len(self.present)
        return _CERTAINTY * (classes - 1) / classes**2

    def _precondition_main(self, strength: float, directions: int) -> Precondition:
        """For the main directions as coordinates, in which the Hessian is nearly diagonal."""
        curvature = self._curvature()
        inverse = 1 / np.append(curvature * self.space.variances[:directions] + strength, curvature)
        return lambda gradients: gradients * inverse

    def _precondition_all(self, strength: float) -> Precondition:
        """For all coordinates: exact along the main directions, and as along the last of them in all others."""
        main, variances, curvature = self.space.directions, self.space.variances, self._curvature()
        rest = 1 / (curvature * variances[-1] / 2 + strength)
        extra = (1 / (curvature * variances + strength) - rest).astype(np.float32)

        def apply(gradients: np.ndarray) -> np.ndarray:
            weight = gradients[..., :-1].reshape(-1, gradients.shape[-1] - 1)
            answer = np.empty_like(gradients)
            along = (weight.astype(np.float32) @ main) * extra
            answer[..., :-1] = (along @ main.T + rest * weight).reshape(gradients[..., :-1].shape)
            answer[..., -1] = gradients[..., -1] / curvature
            return answer

        return apply
