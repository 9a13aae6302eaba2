"""The features command: writes a network's features of images for other programs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_result
from core.cli.outputs import require_empty, whole_file
from core.cli.predicting.image_sources import pictures, print_refused
from core.cli.predicting.on_cluster import Cluster, check_for_cluster, on_cluster
from core.cli.predicting.predict_explain import Device, Model
from core.errors import DataError

if TYPE_CHECKING:
    from core.inspection.predicting.features import FileFeatures


def features(
    run: Model,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, folders, zips, packed images (.h5, .npz).")
    ],
    out: Annotated[Path, typer.Option(help="The file to write: .npz for NumPy, .parquet for data frames.")],
    stage: Annotated[
        str,
        typer.Option(help="pooled: one vector per image; stem, layer1 ... layer4: the feature maps after that stage."),
    ] = "pooled",
    device: Device = "auto",
    cluster: Cluster = False,
    json: Json = False,
) -> None:
    """Write a model's features of images to a file. What cannot be read as an image is listed with the reason."""
    from core.workspace import open_workspace

    require_empty(out, "the features")
    from core.inspection.predicting.features import check_stage, file_features, form_of, write_features
    from core.runs.models import load_predictor

    form = form_of(out)
    for path in images:
        if path.suffix.lower() in (".csv", ".tsv"):
            raise DataError(f"{path} is a table. Give the images or their folder instead.")
    if cluster:
        check_for_cluster(images)
    refused: dict[str, str] = {}
    with ProgressDisplay() as display:
        here = "cpu" if cluster else device
        predictor = load_predictor(run, open_workspace(), here, progress=display.show_bytes)
        check_stage(stage)
        found: Iterator[FileFeatures] = (
            on_cluster("features", run, images, predictor, device, pictures(images), stage=stage)
            if cluster
            else file_features(predictor, pictures(images), stage)
        )

        def with_progress() -> "Iterator[FileFeatures]":
            for count, one in enumerate(found, start=1):
                if one.refused is not None:
                    refused[one.name] = one.refused
                yield one
                display.show("computing features", count, None)

        try:
            with whole_file(out) as part:
                written = write_features(with_progress(), part, form, model=predictor.name, stage=stage)
        finally:  # also if no image could be read
            display.clear()
            print_refused(refused.items())
    if json:
        print_json(
            {
                "out": str(out),
                "images": written.images,
                "stage": stage,
                "shape": list(written.shape),
                "refused": [{"filename": name, "reason": reason} for name, reason in refused.items()],
            }
        )
    else:
        print_result(f"{written.images:,} images, {' x '.join(map(str, written.shape))} numbers each, in {out}")
