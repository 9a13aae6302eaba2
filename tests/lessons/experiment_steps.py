"""Run an experiment to its end in a test, and keep the progress that it reported."""

import pandas as pd

from core.lessons.result_cache import ExperimentSteps
from core.training.events import Progress


def run_to_end(steps: ExperimentSteps) -> tuple[list[Progress], pd.DataFrame]:
    """Return everything that the experiment yielded, and its table."""
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value
