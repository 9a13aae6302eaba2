"""What a person had decided for a run's model before a resumed training replaced that model."""

import contextlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import RunError, StudioError
from core.models.bundle import read_info, save_decision
from core.models.decision import HELPS_NOT, Decision
from core.runs.folder import RunFolder
from core.runs.run_files import MB, read_limited, replace_file

FILE = "earlier-decision.json"
"""In the run's folder from the start of a resumed training to its end, so that a killed process forgets nothing."""


class _Earlier(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    model_sha256: Annotated[str, Field(max_length=64)] | None = None
    decision: Decision


def keep_earlier_decision(run: RunFolder) -> None:
    """Note the decision of the present model before a training, which may replace it."""
    path = run.path / FILE
    try:
        info = read_info(run.best) if run.finished else None
    except StudioError:  # a damaged model, which the training replaces
        return
    noted = _read(run)
    if info is None or (info.decision is None and noted is not None and noted.model_sha256 != info.model_sha256):
        return  # a training was killed after it replaced the model
    with contextlib.suppress(OSError):  # on a full disk, the training says so itself
        if info.decision is None or not _choices(info.decision):
            path.unlink(missing_ok=True)
        else:
            earlier = _Earlier(model_sha256=info.model_sha256, decision=info.decision)
            replace_file(path, earlier.model_dump_json())


def drop_earlier_decision(run: RunFolder) -> str:
    """Say what no longer holds, once the new model has its own decision; empty if everything does.

    Limits and thresholds were chosen from the earlier model's answers, and stay only with its weights. What depends on
    no model is kept: the switch of the calibration, if a person has turned it, and the level of the sets.
    """
    earlier = _read(run)
    with contextlib.suppress(OSError):
        (run.path / FILE).unlink(missing_ok=True)
    info = read_info(run.best)
    if earlier is None:
        return ""
    now, before = info.decision or Decision(), earlier.decision
    names = ["set_level", *(["use_temperature"] if _switched(before) else [])]
    if earlier.model_sha256 == info.model_sha256:
        names += ["leave_below", "threshold"]
    kept = now.model_copy(update={name: getattr(before, name) for name in names})
    if kept != now:
        save_decision(run.best, kept)
    dropped = [choice for choice in _choices(before) if choice not in _choices(kept)]
    if not dropped:
        return ""
    return (
        f"The model was replaced, so what was decided for the earlier one was deleted: {', '.join(dropped)}. "
        "Decide again on the Evaluate page."
    )


def _choices(decision: Decision) -> list[str]:
    """Return what a person has chosen, in words."""
    found = []
    if decision.leave_below is not None:
        found.append(f"answers below {decision.leave_below:.1%} are unsure")
    if decision.threshold is not None:
        found.append(f"a threshold of {decision.threshold.at:.1%} for one class")
    if decision.foreign is not None:
        found.append('the score for "none of these"')
    if _switched(decision):
        found.append(f"calibration is switched {'on' if decision.use_temperature else 'off'}")
    if decision.set_level != Decision().set_level:
        found.append(f"sets of likely classes at {decision.set_level}%")
    return found


def _switched(decision: Decision) -> bool:
    """Return whether a person has turned the switch of the calibration: when it was fitted, it was the other way."""
    return decision.use_temperature == (HELPS_NOT in decision.remarks)


def _read(run: RunFolder) -> _Earlier | None:
    with contextlib.suppress(OSError, RunError, ValidationError):
        return _Earlier.model_validate_json(read_limited(run.path / FILE, MB))
    return None
