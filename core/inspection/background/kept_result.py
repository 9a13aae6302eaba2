"""Results in the run's folder, one for each region, found again while model, photos and boxes are the same."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.inspection.background.photo_notes import BoxedPhoto, boxes_digest
from core.inspection.background.regions import Region
from core.inspection.background.result import VERSION, Background
from core.models.bundle import WEIGHTS_FILE, complete_folder, read_info
from core.models.file_hash import known_sha256_of

SPLIT = "val"
"""Only validation photos are looked at: the test photos are for the final exam."""


def result_path(run: Path, region: Region) -> Path:
    """Return where a run's result for a region is, once there is one."""
    return run / f"background-{region}.json"


def result_key(bundle: Path, snapshot: Snapshot, region: Region, boxes: Mapping[str, BoxedPhoto]) -> str:
    """Return what all answers depend on: the weights, the photos with their labels, and the boxes where they count.

    Raises BundleError if there is no model.
    """
    folder = complete_folder(bundle)
    depends = {
        "version": VERSION,
        "weights": read_info(folder).model_sha256 or known_sha256_of(folder / WEIGHTS_FILE),  # older bundles lack it
        "photos": snapshot.digest,
        "region": region,
        "boxes": boxes_digest(boxes, list(snapshot.part(SPLIT)["image"])) if region == "boxes" else None,
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:32]


def kept_result(run: Path, region: Region, key: str) -> Background | None:
    """Return the result of that key; None if it was never computed, is of another key, or is damaged."""
    try:
        found = Background.read(result_path(run, region))
    except RunError:
        return None
    return found if found.key == key else None


def result_time(run: Path, region: Region) -> int | None:
    """Return when a result was stored, in nanoseconds, to tell it from a later one; None if there is none."""
    try:
        return result_path(run, region).stat().st_mtime_ns
    except OSError:
        return None
