"""The penalised cross-entropy of softmax regression and its gradient, for several problems on the same rows at once."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class SoftmaxLoss:
    """Mean cross-entropy plus half the strength times the squared weights; the bias (last parameter) is free.

    ``rows`` float32 [n, D]; ``labels`` [n], numbers below ``classes``; ``weights`` [P, n]: what each row counts in each
    problem, 0 if it is held out; ``strengths`` [P].
    """

    rows: np.ndarray
    labels: np.ndarray
    classes: int
    weights: np.ndarray
    strengths: np.ndarray
    smoothing: float = 0.0
    row_losses: np.ndarray = field(init=False)
    """[P, n], the plain cross-entropy of every row at the last parameters, the held-out rows too."""
    row_correct: np.ndarray = field(init=False)
    """[P, n], whether the row's class is predicted there."""

    def __post_init__(self) -> None:
        self.weights = self.weights.astype(np.float32)
        self._index = np.arange(len(self.rows))

    def __call__(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parameters [P, K, D + 1] to the losses [P] and the gradients [P, K, D + 1]."""
        weight = parameters[..., :-1]
        problems, classes, n = len(parameters), self.classes, len(self.rows)
        # Rows last: sums over the few classes are then sums of long vectors.
        logits = (weight.reshape(problems * classes, -1).astype(np.float32) @ self.rows.T).reshape(problems, classes, n)
        logits += parameters[..., -1:].astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        own = logits[:, self.labels, self._index]
        smoothed = own
        if self.smoothing:
            smoothed = (1 - self.smoothing) * own + self.smoothing * logits.mean(axis=1)
        powers = np.exp(logits, out=logits)
        sums = powers.sum(axis=1)
        logarithms = np.log(sums)
        self.row_losses, self.row_correct = logarithms - own, powers.argmax(axis=1) == self.labels
        penalty = self.strengths / 2 * np.einsum("pkd,pkd->p", weight, weight)
        losses = ((logarithms - smoothed) * self.weights).sum(axis=1, dtype=np.float64) + penalty

        errors = np.multiply(powers, (self.weights / sums)[:, None], out=powers)
        if self.smoothing:
            errors -= (self.smoothing / classes * self.weights)[:, None]
        errors[:, self.labels, self._index] -= (1 - self.smoothing) * self.weights
        gradients = np.empty(parameters.shape)
        gradients[..., :-1] = (errors.reshape(problems * classes, n) @ self.rows).reshape(weight.shape)
        gradients[..., :-1] += self.strengths[:, None, None] * weight
        gradients[..., -1] = errors.sum(axis=2, dtype=np.float64)
        return losses, gradients
