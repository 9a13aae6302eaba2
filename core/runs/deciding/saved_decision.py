"""Read and change the decision that is saved with a run's best model."""

from collections.abc import Callable

from core.errors import RunError
from core.models.bundle import read_info, save_decision
from core.models.decision import Decision
from core.runs.folder import RunFolder


def saved_decision(run: RunFolder) -> Decision:
    """Return the decision of a run's best model; an empty one where nothing is saved. Raises BundleError."""
    return read_info(run.best).decision or Decision()


def change_decision(run: RunFolder, changed: Callable[[Decision], Decision], vectors: bytes | None = None) -> Decision:
    """Replace the saved decision by what a function makes of it, and return the new one.

    The run's lock is held meanwhile, so that two tabs and the command line never lose each other's change. ``vectors``
    is as in ``save_decision``. Raises RunError while the run is training, because it still replaces its model.
    """
    if run.status().live:
        raise RunError(
            f"The run {run.id} is still training, so nothing can be saved with its model. Wait until it has ended."
        )
    with run.locked():
        # Checked once more, because a model that is copied is not: a damaged bundle.json would cost the whole model.
        after = Decision.model_validate(changed(saved_decision(run)).model_dump())
        save_decision(run.best, None if after == Decision() else after, vectors)
    return after
