"""Small data sets of annotation tools, and what a plan says of them."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.data.importing.import_plan import ImportPlan

ORIENTATION = 0x0112


def photo(width: int = 100, height: int = 50, seed: int = 1, orientation: int | None = None) -> bytes:
    """A PNG with noise, or a JPEG that is stored turned; the size is that of the stored photo."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    file, image = io.BytesIO(), Image.fromarray(pixels)
    if orientation is None:
        image.save(file, "PNG")
    else:
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        image.save(file, "JPEG", exif=exif)
    return file.getvalue()


def write_files(folder: Path, files: dict[str, Any]) -> Path:
    """Write files: bytes and text as they are, everything else as JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, (bytes, str)) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


Box = tuple[str | None, float, float, float, float]


def boxes(plan: ImportPlan) -> dict[str, list[Box]]:
    """The boxes of each photo."""
    return {
        one.name: [(each.label, each.box.x, each.box.y, each.box.width, each.box.height) for each in one.objects]
        for one in plan.candidates
    }


def classes(plan: ImportPlan) -> dict[str, str | None]:
    """The class of each photo."""
    return {one.name: one.label for one in plan.candidates}


def splits(plan: ImportPlan) -> dict[str, str | None]:
    """The split of each photo."""
    return {one.name: one.split for one in plan.candidates}


def problems(plan: ImportPlan) -> list[str]:
    """What has to be confirmed."""
    return [str(problem) for problem in plan.problems if not problem.harmless]


def remarks(plan: ImportPlan) -> list[str]:
    """What is only said."""
    return [str(problem) for problem in plan.problems if problem.harmless]


def asked(plan: ImportPlan) -> list[str]:
    """The ids of the open questions."""
    return [question.id for question in plan.questions]
