"""How many images a second each engine computes here, measured in turn."""

import time
from collections.abc import Callable, Mapping

import numpy as np

from core.features.decoding_ahead import end_decoding_ahead
from core.features.engines.engine import PreparedEngine

BATCH = 8
"""Images per measured batch: enough to keep the processors busy, few enough for a slow machine."""
MOST_SECONDS = 3.0
FEW_VIEWS = 200
"""For so few views of photos, measuring takes longer than what it saves."""
_ROUNDS = (2, 6)
_HOPELESS = 1.7


def measured_speeds(
    engines: Mapping[str, PreparedEngine],
    pixels: np.ndarray,
    most_seconds: float = MOST_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Return each engine's images a second on one batch, uint8 [N, S, S, 3].

    They compute in turns, so that other work on the machine slows all of them; the fastest turn of each counts, because
    others can only make it slower. After a first turn to warm up, there are at least two and at most six, in about
    ``most_seconds``. An engine far behind the best takes part in one only. Photos that this process decodes ahead
    would slow down each engine differently, so that ends here.
    """
    end_decoding_ahead()
    for engine in engines.values():
        engine.run(pixels, engine.outputs)
    began = clock()
    seconds: dict[str, float] = {}
    for turn in range(_ROUNDS[1]):
        best = min(seconds.values(), default=float("inf"))
        for name, engine in engines.items():
            if seconds.get(name, 0.0) > _HOPELESS * best:
                continue
            start = clock()
            engine.run(pixels, engine.outputs)
            seconds[name] = min(seconds.get(name, float("inf")), clock() - start)
        if turn + 1 >= _ROUNDS[0] and (clock() - began) * (turn + 2) / (turn + 1) > most_seconds:
            break
    return {name: len(pixels) / taken for name, taken in seconds.items()}
