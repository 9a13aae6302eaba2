"""A program that trains copies of an automatic run and kills itself with SIGKILL, each at another point of phase 2.

    python killed_automatic.py POINT=RUN ...

Each copy is trained in a child of its own; torch is imported only once.
"""

from pathlib import Path

from core.models.zoo import ARCHITECTURES
from core.runs import metrics
from core.runs.automatic import phase_model, train_automatic
from core.runs.estimates.work import BILLION_MULTIPLY_ADDS
from tests.runs.automatic.conftest import always_better, two_phases
from tests.runs.conftest import SMALLEST, SMALLEST_CONFIG
from tests.runs.killed_while_saving import before, die, train_in_children

POINTS = (
    "within the first phase",
    "before the line of an epoch",
    "before the model is kept",
    "between the model and its reports",
    "before it is written that it is kept",
)


def arm(point: str) -> None:
    if point == "within the first phase":
        before(train_automatic, "report_solved", lambda *_: True)
    elif point == "before the line of an epoch":
        before(metrics, "append", lambda path, kind, fields: kind == "epoch" and fields["epoch"] == 3)
    elif point == "before the model is kept":
        before(train_automatic, "make_best", lambda run, folder, epoch: epoch > 1)
    elif point == "between the model and its reports":
        real = phase_model.write_bundle

        def write_bundle(folder: Path, info: object, *rest: object) -> None:
            real(folder, info, *rest)  # type: ignore[arg-type]
            if info.metrics["epoch"] > 1:  # type: ignore[attr-defined]
                die()

        phase_model.write_bundle = write_bundle  # type: ignore[assignment]
    elif point == "before it is written that it is kept":
        before(train_automatic, "write_phases", lambda path, found: len(found.phases) == 2 and found.phases[-1].kept)
    else:
        raise ValueError(point)


if __name__ == "__main__":
    ARCHITECTURES[SMALLEST] = SMALLEST_CONFIG
    BILLION_MULTIPLY_ADDS[SMALLEST] = 0.01
    train_automatic.next_phase = two_phases
    train_automatic.gain_of = always_better
    train_in_children(arm)
