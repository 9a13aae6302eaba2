"""The command that cross-validates the photos of a project or a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result, print_table
from core.cli.data import Answers, GroupColumn
from core.cli.predicting.predict_explain import Device
from core.cli.training import Images
from core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from core.data.snapshot import Snapshot
    from core.inspection.cross_validation.result import CrossValidation
    from core.workspace import Workspace

_MISTAKES = 10
_TABLES = (".csv", ".tsv", ".txt", ".h5", ".hdf5", ".npz")


def cross_validate(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PROJECT_OR_CSV", help="The name of a project, or a labels.csv as for the command train."
        ),
    ],
    images: Images = None,
    group_column: GroupColumn = None,
    answer: Answers = None,
    folds: Annotated[int, typer.Option(help="How many parts to divide the photos into.")] = 5,
    repeat: Annotated[
        int,
        typer.Option(
            help="How often to repeat it, with other folds each time. Shows how much the result depends on chance."
        ),
    ] = 1,
    by_group: Annotated[
        bool,
        typer.Option(
            "--by-group",
            help="Also compute what a random split would have claimed. Needs groups that you have set; they are kept "
            "together in any case.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Start value of the random numbers that divide the photos.")] = 0,
    arch: Annotated[str, typer.Option(help="The network that computes the features.")] = "resnet50",
    weights: Annotated[
        str, typer.Option(help="Its weights: imagenet, imagenet-v2, or a file of your own.")
    ] = "imagenet",
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Predict every training and validation photo once, by a model that was trained without it.

    The model is a head on the features of a pretrained network, solved as in train with --train head. The test photos
    are never used. Photos of one group, and near-duplicates, stay together. A result is kept, so that
    the same command answers at once.
    """
    from core.workspace import open_workspace

    workspace = open_workspace()
    from core.inspection.cross_validation.cross_validate import cross_validate as steps_of
    from core.inspection.cross_validation.head_recipe import head_recipe
    from core.inspection.cross_validation.kept_results import keep_result, kept_result, result_key
    from core.inspection.cross_validation.result import Settings

    settings = Settings.checked(folds=folds, repeats=repeat, seed=seed, compare=by_group)
    recipe = head_recipe(arch=arch, weights=weights, device=device)
    snapshot = _snapshot(source, images, group_column, answer, workspace)
    key = result_key(snapshot, recipe, settings)
    found = kept_result(workspace, key, snapshot)
    if found is None:
        steps = steps_of(snapshot, recipe, settings, workspace)
        with ProgressDisplay() as display:
            while found is None:
                try:
                    progress = next(steps)
                except StopIteration as end:
                    found = end.value
                    break
                downloading = progress.total is not None and progress.total >= 1_000_000
                (display.show_bytes if downloading else display.show)(progress.phase, progress.done, progress.total)
        assert found is not None
        keep_result(workspace, key, *found)
    if json:
        print_json(_as_json(*found))
    else:
        _print(*found)


def _snapshot(
    source: str, images: Path | None, group_column: str | None, answer: list[str] | None, workspace: "Workspace"
) -> "Snapshot":
    """Return the snapshot of a table or of a project."""
    path = Path(source)
    if path.is_file() or path.suffix.lower() in _TABLES:
        from core.cli.snapshot_to_train import snapshot_to_train

        # A table whose few groups leave no validation set can be cross-validated, though nothing can be trained on it.
        return snapshot_to_train([path], images, "classification", 0, workspace, group_column, answer, check=False)
    if images is not None or group_column is not None or answer:
        raise typer.BadParameter("--images, --group-column and --answer are for a labels.csv, not for a project.")
    from core.data.snapshot import snapshot_of_project
    from core.data.store.store import Store

    store = Store(workspace)
    try:
        project = store.find_project(source)
        if project is None:
            raise DataError(f'There is no project or file "{source}". Check the name.')
        return snapshot_of_project(store, project.id)
    finally:
        store.close()


def _wrong(predictions: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mistakes of the first repeat, the most confident first."""
    wrong = predictions[predictions["prediction"] != predictions["label"]]
    return wrong.sort_values("probability", ascending=False, kind="stable")


def _as_json(result: "CrossValidation", predictions: "pd.DataFrame") -> dict[str, Any]:
    from core.inspection.cross_validation.words import comparison_sentence, interval_sentence

    columns = ["filename", "image", "label", "prediction", "probability", "fold", "wrong"]
    whole = result.model_dump(mode="json")
    report = whole.pop("report")
    return {
        **whole,
        "accuracy": whole["estimate"]["accuracy"],
        "intervals": interval_sentence(result),
        "comparison": comparison_sentence(result),
        "classes": report["classes"],
        "per_class": report["per_class"],
        "confusion": report["confusion"],
        "mistakes": _wrong(predictions)[columns].to_dict("records"),
    }


def _print(result: "CrossValidation", predictions: "pd.DataFrame") -> None:
    from core.inspection.cross_validation import words

    for remark in result.remarks:
        print_message(remark)
    print_result(words.photos_sentence(result))
    if grouped := words.grouping_sentence(result):
        print_result(grouped)
    accuracy = result.estimate.accuracy
    print_result(f"accuracy: {accuracy.value:.1%} ({accuracy.correct:,} of {accuracy.n:,} photos)")
    print_result(words.interval_sentence(result))
    for sentence in (words.comparison_sentence(result), words.difference_sentence(result)):
        if sentence:
            print_result(sentence)
    folds = result.estimate.repeats[0].folds
    rows = [[str(place), f"{one.n:,}", f"{one.value or 0:.1%}"] for place, one in enumerate(folds, start=1)]
    print_table(["fold", "photos", "accuracy"], rows, texts=0)
    wrong = _wrong(predictions)
    if len(wrong):
        print_result(f"{len(wrong):,} mistakes, the most confident first:")
    for row in wrong.head(_MISTAKES).to_dict("records"):
        print_result(
            f"  {row['filename']}: {row['label']}, predicted as {row['prediction']} ({row['probability']:.0%})"
        )
    if len(wrong) > _MISTAKES:
        print_result(f"  and {len(wrong) - _MISTAKES:,} more, which --json lists")
