"""Folders with photos and tables, and what a plan makes of them, for the tests of the styles."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_import import plan_folder
from core.data.tables.questions import NO_ANSWERS, Question

Files = dict[str, str | bytes]
Boxes = list[tuple[str | None, float, float, float, float]]


def photo(number: int = 0, width: int = 40, height: int = 20) -> bytes:
    """A PNG like no other number's."""
    pixels = np.random.default_rng(number).integers(0, 255, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def photos(*names: str, width: int = 40, height: int = 20) -> Files:
    """A photo of this size for each name."""
    return {name: photo(number, width, height) for number, name in enumerate(names)}


def planned(folder: Path, files: Files, answers: Mapping[str, str] = NO_ANSWERS) -> ImportPlan:
    """The plan of a folder with these files."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return plan_folder(folder, answers=answers)


def labels(plan: ImportPlan) -> dict[str, tuple[str | None, str | None]]:
    """Label and split of each photo."""
    return {one.name: (one.label, one.split) for one in plan.candidates}


def boxes(plan: ImportPlan) -> dict[str, Boxes]:
    """The boxes of each photo."""
    return {
        one.name: [(each.label, each.box.x, each.box.y, each.box.width, each.box.height) for each in one.objects]
        for one in plan.candidates
    }


def problems(plan: ImportPlan) -> list[str]:
    """What somebody has to confirm."""
    return [str(one) for one in plan.problems if not one.harmless]


def remarks(plan: ImportPlan) -> str:
    """What nobody has to confirm."""
    return "\n".join(str(one) for one in plan.problems if one.harmless)


def only_question(plan: ImportPlan) -> Question:
    """The one open question of a plan."""
    [question] = plan.questions
    return question
