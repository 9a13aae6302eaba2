"""Change the backgrounds of a run's validation photos and keep the result in the run; also in a worker process."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RunError
from core.inspection.background.kept_result import SPLIT, result_key, result_path
from core.inspection.background.photo_notes import BoxedPhoto, PhotoNotes, boxes_as_json, notes_of, read_boxes
from core.inspection.background.regions import REGIONS, Region
from core.inspection.background.result import Background
from core.progress import CountCallback, Progress
from core.runs.folder import RunFolder, open_run
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.data.store.store import Store


def change_backgrounds(
    run: RunFolder,
    workspace: Workspace,
    region: Region,
    boxes: Mapping[str, BoxedPhoto],
    *,
    photos: int | None = None,
    device: str = "auto",
    progress: CountCallback | None = None,
) -> Background:
    """Compute the answers to changed backgrounds and write them into the run.

    ``photos`` is the most photos to use, None for all; of more, some are drawn with a fixed seed. Raises RunError for
    a run without a model or validation photos, or with a single class.
    """
    from core.data.pictures.resized_cache import ResizedCache
    from core.inspection.background.measure import measure_backgrounds
    from core.inspection.background.variants import VARIANTS
    from core.inspection.explaining.method_comparison import sample_of
    from core.runs.models import load_predictor

    if not run.finished:
        raise RunError(f"The run {run.id} has no model yet. Wait for its first epoch, or resume it.")
    snapshot = run.snapshot()
    part = snapshot.part(SPLIT)
    if part.empty:
        raise RunError(f"The run {run.id} has no validation photos, so there is nothing to test.")
    if len(snapshot.classes) < 2:
        raise RunError(f"The run {run.id} has a single class, so its background cannot give the class away.")
    key = result_key(run.best, snapshot, region, boxes)
    predictor = load_predictor(run.path, workspace, device)
    predictor.name = run.id
    frame = part if photos is None else sample_of(part, photos)
    predictor.prepare_for(len(frame) * len(VARIANTS) * predictor.test_time_views)
    found = measure_backgrounds(
        predictor,
        frame,
        region,
        boxes=boxes,
        cache=ResizedCache(workspace.cache / "resized", predictor.preprocessing),
        progress=progress,
        key=key,
        available=len(part),
    )
    found.write(result_path(run.path, region))
    return found


def run_notes(run: RunFolder, store: "Store | None") -> PhotoNotes:
    """Return the boxes, tags and groups of a run's photos: those of its project now, where the store has it."""
    project_id = run.status().project_id
    there = store is not None and project_id is not None and project_id in {one.id for one in store.projects()}
    return notes_of(run.snapshot(), store if there else None, project_id if there else None)


def first_region(notes: PhotoNotes, run: RunFolder) -> Region:
    """Return the region to begin with: drawn boxes where most validation photos have them, else the hot region."""
    images = list(run.snapshot().part(SPLIT)["image"])
    return "boxes" if 2 * sum(image in notes.boxes for image in images) > len(images) else "hot"


def request_arguments(
    run: RunFolder, workspace: Workspace, region: Region, boxes: Mapping[str, BoxedPhoto], photos: int | None
) -> dict[str, Any]:
    """Return the arguments of the task ``background``."""
    images = list(run.snapshot().part(SPLIT)["image"])
    return {
        "workspace": str(workspace.root),
        "run": str(run.path),
        "region": region,
        "photos": photos,
        "boxes": boxes_as_json(boxes, images) if region == "boxes" else {},
    }


def compute(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> None:
    """Change the backgrounds for ``request_arguments``; the result is in the run."""
    report(Progress("loading the model", 0, None))
    region: Region = next(one for one in REGIONS if one == arguments["region"])
    workspace = Workspace(Path(arguments["workspace"]))
    change_backgrounds(
        open_run(arguments["run"], workspace),
        workspace,
        region,
        read_boxes(arguments["boxes"]),
        photos=arguments["photos"],
        progress=lambda done, total: report(Progress("changing the backgrounds", done, total)),
    )
