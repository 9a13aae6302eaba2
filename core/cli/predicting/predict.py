"""The predict command: the classes of images, printed or written to a table."""

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result, print_table
from core.cli.outputs import require_empty, whole_file
from core.cli.predicting.image_sources import pictures, print_refused
from core.cli.predicting.on_cluster import Cluster, check_for_cluster, on_cluster
from core.cli.predicting.predict_explain import Device, Model
from core.errors import DataError

if TYPE_CHECKING:
    from core.inspection.predicting.predict_files import FileSource
    from core.inspection.predicting.predictions import FilePrediction


def predict(
    run: Model,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, folders, zips, packed images (.h5, .npz).")
    ],
    csv: Annotated[
        Path | None,
        typer.Option(help="Write the predictions to this CSV file. With --json, they are held in memory too."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the predictions to this file, .csv or .parquet; --json then prints how many."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="PART/PARTS",
            help="Predict only one part of the photos, such as 2/8 for the second of eight machines. A photo's name "
            "decides its part.",
        ),
    ] = None,
    test_time_views: Annotated[
        int | None,
        typer.Option(
            help="Average the probabilities over this many views of each photo: 1 is off, 2 adds the mirror image, 6 "
            "also two crops. Default: as the model was trained."
        ),
    ] = None,
    device: Device = "auto",
    cluster: Cluster = False,
    json: Json = False,
) -> None:
    """Predict the classes of images, and the box if the model was trained for localization.

    What cannot be read as an image is listed with the reason and skipped. If a command that writes a file is
    interrupted, run it again: it continues with the photos that are not yet in FILE.unfinished.
    """
    from core.workspace import open_workspace

    if csv is not None and out is not None:
        raise typer.BadParameter("use either --csv or --out, not both.")
    if (file := csv or out) is not None:
        require_empty(file, "the predictions")
    from core.cli.predicting.long_prediction import predict_to
    from core.inspection.predicting.answers_json import answers_as_json
    from core.inspection.predicting.predict_files import predict_files
    from core.inspection.predicting.predictions import csv_of
    from core.inspection.predicting.to_file.answer_tables import write_csv, writer_for
    from core.inspection.predicting.to_file.shards import Shard
    from core.runs.models import load_predictor

    # Before the model is loaded, because both may raise DataError.
    part_of = None if shard is None else Shard.read(shard)
    write = write_csv if out is None else writer_for(out)
    answers: list[FilePrediction] = []
    if cluster:
        check_for_cluster(images)
    with ProgressDisplay() as display:
        here = "cpu" if cluster else device
        predictor = load_predictor(run, open_workspace(), here, display.show_bytes, test_time_views)

        def elsewhere(photos: int | None, files: "Iterable[tuple[str, FileSource]]") -> "Generator[FilePrediction]":
            views = test_time_views
            return on_cluster(
                *("predictions", run, images, predictor, device, files), test_time_views=views, photos=photos
            )

        if file is not None and (out is not None or not json):
            written = predict_to(*(file, write, predictor, images, part_of, display), elsewhere if cluster else None)
            if json:
                print_json(written)
            elif written["images"]:
                print_result(f"{written['images']:,} predictions in {file}")
            _require_some(written["images"], written["files"], shard)
            return
        files = ((name, source) for name, source in pictures(images) if part_of is None or part_of.has(name))
        found = elsewhere(None, files) if cluster else predict_files(predictor, files)
        for count, one in enumerate(found, start=1):
            answers.append(one)
            display.show("predicting", count, None)
    named = [one for one in answers if one.prediction is not None]
    print_refused((one.name, one.refused) for one in answers if one.refused is not None)
    if csv is not None and named:
        with whole_file(csv) as part:
            part.write_text(csv_of(named), encoding="utf-8", newline="")
    if json:
        print_json(answers_as_json(answers))
    else:
        _print_answers(named)
    _require_some(len(named), len(answers), shard)


def _require_some(predicted: int, files: int, shard: str | None) -> None:
    """Raise DataError if nothing was predicted; an empty part of few images is said, but is no error."""
    if not predicted and not files and shard is not None:
        print_message(f"Shard {shard} has no images, so nothing was written.")
    elif not predicted:
        raise DataError(
            f"None of the {files:,} files could be read as an image." if files else "There are no images to predict."
        )


def _print_answers(answers: "Iterable[FilePrediction]") -> None:
    rows = []
    for one in answers:
        if one.prediction is not None:
            found = one.prediction
            first, *others = [f"{name} {share:.1%}" for name, share in found.ranked[:3]]
            row = {"file": one.name, "prediction": first, "next": ", ".join(others)}
            if found.box:
                row["box"] = f"{found.box.x:.0f}, {found.box.y:.0f}, {found.box.width:.0f} x {found.box.height:.0f}"
            if found.may_be_unsure:
                row["unsure"] = "unsure" if found.unsure else ""
            if found.foreign is not None:
                row["foreign"] = f"{found.foreign:.3f}"
            rows.append(row)
    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows], texts=len(rows[0]))
