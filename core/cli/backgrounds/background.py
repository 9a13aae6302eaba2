"""The command that tests whether a run's answers come from the background of the photos."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result, print_table
from core.cli.predicting.predict_explain import Device
from core.errors import RunError

if TYPE_CHECKING:
    from core.inspection.background.photo_notes import PhotoNotes
    from core.inspection.background.regions import Region
    from core.inspection.background.result import Background
    from core.inspection.background.slices import Kind, Slices
    from core.runs.folder import RunFolder
    from core.workspace import Workspace

_FLIPS = 10


def background(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a run id in the workspace.")],
    region: Annotated[
        str | None,
        typer.Option(
            metavar="boxes|hot|centre",
            help="What counts as the object: boxes that people drew; hot, where the model's heatmap is; or centre, the "
            "middle of the photo. Without it, boxes where most photos have them, else hot.",
        ),
    ] = None,
    photos: Annotated[
        int | None, typer.Option(min=1, help="The most validation photos to use. Without it, all of them.")
    ] = None,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Change the background of the validation photos, and see which answers change with it.

    The background is blurred, masked, replaced by that of another photo, or left alone without the object. Also
    prints the accuracy by tag, group and class, with the worst of each. The test photos are never used. A result is
    kept in the run, so that the same command answers at once.
    """
    from core.data.store.store import Store
    from core.inspection.background.slices import all_slices
    from core.runs.computations.background import run_notes
    from core.runs.folder import open_run
    from core.workspace import open_workspace

    workspace = open_workspace()
    found = open_run(run, workspace)
    store = Store(workspace)
    try:
        notes = run_notes(found, store)
    finally:
        store.close()
    chosen = _region(region, notes, found)
    result = _result(found, workspace, chosen, notes, photos, device)
    predictions = found.predictions("val")
    slices = {} if predictions is None else all_slices(predictions, notes.tags, notes.groups)
    if json:
        print_json(_as_json(result, slices))
    else:
        _print(result, slices)


def _region(wanted: str | None, notes: "PhotoNotes", run: "RunFolder") -> "Region":
    from core.inspection.background.regions import REGIONS
    from core.runs.computations.background import first_region

    if wanted is None:
        return first_region(notes, run)
    for region in REGIONS:
        if wanted == region:
            if region == "boxes" and not notes.boxes:
                raise RunError("No photo of this run has a drawn box. Draw boxes, or use --region hot or centre.")
            return region
    raise RunError(f"There is no region {wanted!r}. Use one of: {', '.join(REGIONS)}.")


def _result(
    run: "RunFolder",
    workspace: "Workspace",
    region: "Region",
    notes: "PhotoNotes",
    photos: int | None,
    device: str,
) -> "Background":
    """Return the kept result, if it has the photos that are wanted, or compute it."""
    from core.inspection.background.kept_result import SPLIT, kept_result, result_key
    from core.runs.computations.background import change_backgrounds

    if run.finished:
        snapshot = run.snapshot()
        kept = kept_result(run.path, region, result_key(run.best, snapshot, region, notes.boxes))
        there = len(snapshot.part(SPLIT))
        if kept is not None and len(kept.photos) + len(kept.left_out) == min(there, photos or there):
            return kept
    with ProgressDisplay() as display:
        return change_backgrounds(
            run,
            workspace,
            region,
            notes.boxes,
            photos=photos,
            device=device,
            progress=display.counter("changing the backgrounds, views"),
        )


def _as_json(result: "Background", slices: "dict[Kind, Slices]") -> dict[str, Any]:
    from core.inspection.background.words import as_json

    return {
        **as_json(result),
        "slices": {
            kind: {
                "sentence": found.sentence,
                "worst": None if found.worst is None else found.worst.name,
                "p_value": found.p_value,
                "rows": [
                    {"name": one.name, "accuracy": one.rate.model_dump(), "too_few": one.few} for one in found.rows
                ],
            }
            for kind, found in slices.items()
        },
    }


def _print(result: "Background", slices: "dict[Kind, Slices]") -> None:
    from core.inspection.background import figures, words
    from core.inspection.background.regions import REGIONS
    from core.inspection.background.variants import OTHER, VARIANTS

    print_message(REGIONS[result.region].caution)
    print_result(words.headline(result))
    print_result(words.photos_sentence(result))
    for sentence in words.sentences(result):
        print_result(sentence)
    if result.photos:
        rates = figures.accuracies(result)
        rows = [
            [VARIANTS[name], f"{rate.n:,}", *_cells(rate.value, words.interval(rate))] for name, rate in rates.items()
        ]
        print_table(["variant", "photos", "accuracy", "95% interval"], rows)
        flips = [row for row in figures.flips(result, OTHER) if row.flipped.correct]
        for row in flips[:_FLIPS]:
            to = ", ".join(f"{name} ({count})" for name, count in row.to)
            print_result(
                f"{row.name}: {row.flipped.correct:,} of {row.right:,} right answers become wrong on a background of "
                f"another class: {to}"
            )
    for kind, found in slices.items():
        print_result(" ".join([f"by {kind}:", found.sentence, found.few_sentence]).strip())


def _cells(value: float | None, interval: str) -> tuple[str, str]:
    return ("–" if value is None else f"{value:.1%}"), interval
