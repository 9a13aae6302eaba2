"""The result of every fit here: a linear layer as NumPy arrays, and how well it does on vectors."""

from dataclasses import dataclass

import numpy as np

_ABSENT = -30.0
"""The bias of a class without training photos. The logits of the others have a mean of 0 for every input, so that the
largest of them is at least 0, and the probability of such a class is below exp(-30)."""


@dataclass(frozen=True)
class Score:
    """The plain cross-entropy and the number of correct predictions, summed over n photos."""

    loss_sum: float
    correct: int
    n: int

    @property
    def loss(self) -> float:
        return self.loss_sum / self.n

    @property
    def accuracy(self) -> float:
        return self.correct / self.n


@dataclass(frozen=True)
class LinearHead:
    """The weights of an ``nn.Linear`` for pooled vectors as the network makes them."""

    weight: np.ndarray
    """float32 [K, C]"""
    bias: np.ndarray
    """float32 [K]"""

    @classmethod
    def of_classes(cls, weight: np.ndarray, bias: np.ndarray, present: np.ndarray, classes: int) -> "LinearHead":
        """Place the rows of the classes that have photos, ``present``, into a head for all ``classes``.

        The mean row is subtracted, which changes no probability. A class without photos has no weights and a bias so
        low that it is never predicted.
        """
        rows = np.zeros((classes, weight.shape[1]), np.float32)
        biases = np.full(classes, _ABSENT, np.float32)
        rows[present] = weight - weight.mean(axis=0)
        biases[present] = bias - bias.mean()
        return cls(rows, biases)

    def logits(self, vectors: np.ndarray) -> np.ndarray:
        """Return the logits [n, K] of vectors [n, C]."""
        return vectors @ self.weight.T + self.bias

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Return the probability of each class, [n, K]."""
        powers = self.logits(vectors)
        powers -= powers.max(axis=1, keepdims=True)
        np.exp(powers, out=powers)
        return powers / powers.sum(axis=1, keepdims=True)

    def score(self, vectors: np.ndarray, labels: np.ndarray) -> Score:
        """Score the head on vectors [n, C] with class numbers [n]."""
        logits = self.logits(vectors).astype(np.float64)
        return score_of(losses_of(logits, labels), logits.argmax(axis=1) == labels)


def losses_of(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of each row of logits [n, K]: [n]."""
    logits = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]


def score_of(losses: np.ndarray, correct: np.ndarray) -> Score:
    """Sum the losses [n] and correct predictions [n] of photos."""
    return Score(float(losses.sum(dtype=np.float64)), int(correct.sum()), len(losses))
