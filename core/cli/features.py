"""The command that writes what a network sees in images, as numbers for other programs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, Meter, answer, answer_json, remark
from core.cli.outputs import refuse_filled, whole_file
from core.cli.predict_explain import Device, Model, pictures
from core.errors import DataError

if TYPE_CHECKING:
    from core.inspection.predicting.features import FileFeatures


def features(
    run: Model,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, folders, zips, packed images (.h5, .npz).")
    ],
    out: Annotated[Path, typer.Option(help="The file to write: .npz for NumPy, .parquet for tables.")],
    stage: Annotated[
        str, typer.Option(help="pooled: one vector an image; stem, layer1 ... layer4: the feature maps after it.")
    ] = "pooled",
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Write the features that a model finds in images. What cannot be read is reported, and the rest goes on."""
    from core.workspace import open_workspace

    refuse_filled(out, "the features")
    from core.inspection.predicting.features import file_features, form_of, write_features
    from core.runs.models import load_predictor

    form = form_of(out)
    for path in images:
        if path.suffix.lower() in (".csv", ".tsv"):
            raise DataError(f"{path} is a table. Give the images themselves, such as the folder that they lie in.")
    refused: dict[str, str] = {}
    with Meter() as meter:
        predictor = load_predictor(run, open_workspace(), device, progress=meter.show_bytes)
        found = file_features(predictor, pictures(images), stage)

        def watched() -> "Iterator[FileFeatures]":
            for count, one in enumerate(found, start=1):
                if one.refused is not None:
                    refused[one.name] = one.refused
                yield one
                meter.show("looking at the images", count, None)

        try:
            with whole_file(out) as part:
                written = write_features(watched(), part, form, model=predictor.name, stage=stage)
        finally:  # also where nothing could be read at all
            meter.clear()
            for name, reason in refused.items():
                remark(f"{name}: {reason}")
    if json:
        answer_json(
            {
                "out": str(out),
                "images": written.images,
                "stage": stage,
                "shape": list(written.shape),
                "refused": [{"filename": name, "reason": reason} for name, reason in refused.items()],
            }
        )
    else:
        answer(f"{written.images:,} images, {' x '.join(map(str, written.shape))} numbers each, in {out}")
