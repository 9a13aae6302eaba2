"""The README of an export: what it holds, and how to read it."""

from collections.abc import Sequence
from datetime import datetime

_TEXT = """Everything that ResNet Studio stores of {name} ({room}), as of {moment}.

about.json    what the register of the class knows: the name, the class, when {name} joined and was last seen, the
              groups, what is shared with the class, and the tries of the break-it game.
              Cards and PINs are kept as hashes only, and are not included.

projects/     a folder for each project:
              labels.csv    every photo with its label, box, split, group and where the label came from
              the photos themselves, under their original names and as they were uploaded
              history.csv   every change: who, when, what
              The folder, or a zip of it, can be added again on the page Data.

{others}runs/         a folder for each training:
              recipe.json     all settings        snapshot.csv    the photos, labels and splits it was trained on
              metrics.jsonl   figures per epoch   report-*.json, predictions-*.csv    the results
              best/           the model: model.safetensors (weights), bundle.json (classes, preprocessing)
              log.txt         what happened

game/         photos that have fooled a model, as the class sees them. What is shared is a copy of a project or a
              training above. The work of a group belongs to the group, and is not included.

other/        small records: for example which lesson was opened last.

Not included, because it can be computed again: thumbnails and caches.
{remarks}"""
_OTHERS = """other-photos/  photos that were removed from a project. They are stored so that Undo can bring them back.

"""


def readme(name: str, room: str, moment: datetime, *, other_photos: int, remarks: Sequence[str]) -> str:
    """Return the text; ``remarks`` say what is missing, and why."""
    said = "".join(f"\n{remark}\n" for remark in remarks)
    return _TEXT.format(
        name=name,
        room=room,
        moment=f"{moment:%d %B %Y, %H:%M} UTC",
        others=_OTHERS if other_photos else "",
        remarks=said,
    )
