"""The section on what was trained: the recipe in words, its settings, the phases, how long it took, on what."""

from pathlib import Path

from core.export.report_page.html_parts import bullets, counted, esc, fold, paragraph, section, table
from core.export.report_page.run_record import RunRecord
from core.models.zoo import network_name
from core.runs.automatic.phases import NAMES, Phase
from core.training.choices import NAMED_WEIGHTS
from core.training.settings.recipe_words import FIELD_LABELS, recipe_summary, value_text

_MAIN = ("arch", "train", "weights", "epochs", "optimizer", "learning_rate", "batch_size", "augmentation", "size")


def training_section(record: RunRecord) -> str:
    """Return the section."""
    return section(
        "training",
        "What was trained",
        paragraph(esc(recipe_summary(record.recipe, record.snapshot.task))),
        paragraph(esc(_length(record))),
        paragraph(esc(record.status.message)),
        bullets([_phase(one, boxes=record.snapshot.task == "localization") for one in _phases(record)]),
        fold("All settings", _settings(record)),
    )


def _length(record: RunRecord) -> str:
    """Say how long the training was, and on which device."""
    status, parts = record.status, []
    done = record.run.epochs()
    if len(done) and not status.solved:
        parts.append(counted(len(done), "epoch"))
    if status.started and status.ended:
        seconds = max(0.0, (status.ended - status.started).total_seconds())
        parts.append(f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes")
    if status.device:
        parts.append(f"on {status.device}{f' in {status.precision}' if status.precision else ''}")
    return f"Trained: {', '.join(parts)}." if parts else ""


def _phases(record: RunRecord) -> list[Phase]:
    return [one for one in record.phases.phases if one.over] if record.phases else []


def _phase(phase: Phase, *, boxes: bool) -> str:
    layers = NAMES[phase.train]
    figure = "no result"
    if phase.value is not None:
        figure = f"mean IoU {phase.value:.2f}" if boxes else f"{phase.value:.1%}"
        if phase.low is not None and phase.high is not None:
            figure += f" ({phase.low:.2f} to {phase.high:.2f})" if boxes else f" ({phase.low:.0%} to {phase.high:.0%})"
    kept = "kept" if phase.kept else "not kept"
    name = f"{layers[0].upper()}{layers[1:]}"
    return f"<strong>{esc(name)}</strong>: {esc(figure)}, {kept}. {esc(phase.verdict)}"


def _settings(record: RunRecord) -> str:
    values = {name: value for name, value in record.recipe.model_dump().items() if _matters(name, record)}
    names = [*(name for name in _MAIN if name in values), *(name for name in values if name not in _MAIN)]
    rows = [[esc(FIELD_LABELS.get(name, name.replace("_", " "))), esc(_value(name, values[name]))] for name in names]
    return table(["Setting", "Value"], rows, "All settings of the run", texts=2)


def _matters(name: str, record: RunRecord) -> bool:
    """Return whether a setting has a meaning in this run."""
    recipe, boxes = record.recipe, record.snapshot.task == "localization"
    without = {
        "box_loss": boxes,
        "head_size": not boxes,
        "focal_gamma": recipe.loss == "focal",
        "time_limit": recipe.train == "automatic",
        "head_epochs": recipe.train == "staged",
        "epochs": recipe.train != "automatic" and not record.status.solved,
    }
    return without.get(name, True)


def _value(name: str, value: object) -> str:
    """Return a setting's value; of a weight file only its name, because the reader has another disk."""
    if name == "weights" and value not in NAMED_WEIGHTS:
        return f"a file of one's own ({Path(str(value)).name})"
    return network_name(str(value)) if name == "arch" else value_text(name, value)
