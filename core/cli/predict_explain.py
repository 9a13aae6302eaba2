"""The commands that look at what a network has learned: evaluate, predict and explain."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, Meter, answer, answer_json, answer_table, remark
from core.cli.outputs import refuse_filled, whole_file
from core.errors import DataError, ImageRefused, RunError
from core.inspection.explaining.methods import BOX, METHODS, STAGES

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

    from core.data.pictures.box import Box
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.measuring.report import Report
    from core.inspection.predicting.predictions import FileAnswer, Prediction

Model = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run folder, a run's id, a bundle folder, or imagenet: the pretrained network itself."
    ),
]
Device = Annotated[str, typer.Option(help="What computes: auto, cpu, cuda, mps ...")]

_CONFUSION_CLASSES = 12


def evaluate(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a run's id in the workspace.")],
    split: Annotated[str, typer.Option(help="Which part of its photos: train, val or test.")] = "test",
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Count how often a run's best model is right on one part of its photos, and how well its boxes lie."""
    from core.runs.folder import open_run
    from core.workspace import open_workspace

    if run == "imagenet":
        raise RunError(
            "imagenet has no photos to be evaluated on. Name a run: its snapshot says which photos are whose."
        )
    found = open_run(run, open_workspace())
    from core.runs.models import evaluate_run

    with Meter() as meter:
        report = evaluate_run(found, split, progress=meter.counting(f"evaluating on {split}"), device=device)
    if json:
        answer_json(report.model_dump(mode="json"))
    else:
        _print_report(report)


def predict(
    run: Model,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, folders, zips, packed images (.h5, .npz).")
    ],
    csv: Annotated[Path | None, typer.Option(help="Write the answers into this CSV file.")] = None,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Name the likeliest classes of images, and the box where the model has learned one.

    What cannot be read is reported, and the rest goes on.
    """
    from core.workspace import open_workspace

    if csv is not None:
        refuse_filled(csv, "the answers")
    from core.inspection.predicting.predictions import csv_of
    from core.inspection.predicting.predictor import predict_files
    from core.runs.models import load_predictor

    answers: list[FileAnswer] = []
    with Meter() as meter:
        predictor = load_predictor(run, open_workspace(), device, progress=meter.show_bytes)
        for count, one in enumerate(predict_files(predictor, pictures(images)), start=1):
            answers.append(one)
            meter.show("looking at the images", count, None)
    named = [one for one in answers if one.prediction is not None]
    for one in answers:
        if one.refused is not None:
            remark(f"{one.name}: {one.refused}")
    if csv is not None and named:
        with whole_file(csv) as part:
            part.write_text(csv_of(named), encoding="utf-8", newline="")
    if json:
        answer_json(_answers_json(answers))
    elif csv is None:
        _print_answers(named)
    else:
        answer(f"{len(named):,} answers in {csv}" if named else "")
    if not named:
        raise DataError(
            f"None of {len(answers):,} files could be read as an image." if answers else "There is no image to look at."
        )


def explain(
    run: Model,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The image file.")],
    out: Annotated[Path, typer.Option(help="The PNG file to write: what the network saw, and the heatmap over it.")],
    method: Annotated[str, typer.Option(help=f"How: {', '.join(METHODS)}.")] = "gradcam",
    stage: Annotated[str, typer.Option(help=f"After which stage: {', '.join(STAGES)}.")] = "layer4",
    class_: Annotated[
        str | None, typer.Option("--class", help="The class to look for. Left out: the likeliest.")
    ] = None,
    box: Annotated[
        bool,
        typer.Option(
            "--box", help="Look for what makes the box instead of a class; always so where there is one class."
        ),
    ] = False,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Draw where in an image the network saw a class, and its box; the true box too, where the run's labels have it."""
    from core.workspace import open_workspace

    refuse_filled(out, "the picture")
    if not image.is_file():
        raise DataError(f"There is no file {image}. Name an image file.")
    from core.data.pictures.decoding import decode
    from core.inspection.explaining.cam import explain as explanation_of
    from core.inspection.explaining.explanation import side_by_side
    from core.inspection.explaining.faithfulness import faithfulness
    from core.runs.models import load_predictor

    if box and class_ is not None:
        raise typer.BadParameter("name a class, or --box, and not both.")
    picture = decode(image, image.name).image
    with Meter() as meter:
        predictor = load_predictor(run, open_workspace(), device, progress=meter.show_bytes)
    target = BOX if box else class_
    true_box = _true_box(run, picture)
    found = explanation_of(predictor, picture, method=method, stage=stage, target=target, true_box=true_box)
    faith = faithfulness(predictor, found)
    with whole_file(out) as part:
        side_by_side(found).save(part, format="PNG")
    if json:
        answer_json(
            {
                "class": None if found.of_box else found.target,
                "probability": found.probability,
                "method": method,
                "stage": stage,
                "seconds": found.seconds,
                "faithfulness": asdict(faith),
                "predictions": [{"name": name, "probability": share} for name, share in found.prediction.ranked],
                **_box_json(found.prediction),
                **_true_box_json(true_box, found),
                "out": str(out),
            }
        )
        return
    answer(found.sentence)
    if found.box_sentence:
        answer(found.box_sentence)
    answer(faith.sentence)
    answer(f"heatmap: {out}")


def _true_box(reference: str, picture: "PILImage") -> "Box | None":
    """The box of a picture that a run was trained or tested on; None for other pictures and for what is no run."""
    from core.data.pictures.box import Box
    from core.data.pictures.decoding import content_hash
    from core.data.snapshot import BOX_COLUMNS, Snapshot
    from core.runs.models import bundle_folder
    from core.workspace import open_workspace

    bundle = bundle_folder(reference, open_workspace())
    path = bundle.resolve().parent / "snapshot.csv" if bundle else None
    if path is None or not path.is_file():
        return None
    frame = Snapshot.read(path).frame
    rows = frame[frame["image"] == content_hash(picture)]
    if rows.empty or "x" not in frame.columns:
        return None
    return Box(*(float(rows.iloc[0][side]) for side in BOX_COLUMNS))


def pictures(paths: Iterable[Path]) -> Iterator[tuple[str, bytes | Path | ImageRefused]]:
    """Every picture with its name in the folder, zip or packed file; what is no picture, with the reason."""
    from core.data.importing.folder_layout import PACKED_SUFFIXES
    from core.data.pictures.decoding import IMAGE_SUFFIXES

    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file():
                    yield file.relative_to(path).as_posix(), file
        elif not path.is_file():
            yield str(path), ImageRefused(str(path), "there is no such file or folder")
        elif path.suffix.lower() in (".zip", *PACKED_SUFFIXES):
            from core.data.importing.plan_import import plan_packed, plan_zip

            plan = (plan_zip if path.suffix.lower() == ".zip" else plan_packed)(path, path.name)
            for candidate in plan.candidates:
                try:
                    yield candidate.name, candidate.read()
                except ImageRefused as error:
                    yield candidate.name, error
            for verdict in plan.refused:
                yield verdict.name, ImageRefused(verdict.name, verdict.text)
        else:
            yield str(path), path


def _answers_json(answers: "Iterable[FileAnswer]") -> dict[str, object]:
    known, refused = [], []
    for one in answers:
        if one.prediction is None:
            refused.append({"filename": one.name, "reason": one.refused})
        else:
            ranked = [{"name": name, "probability": share} for name, share in one.prediction.ranked]
            known.append({"filename": one.name, "predictions": ranked, **_box_json(one.prediction)})
    return {"answers": known, "refused": refused}


def _box_json(prediction: "Prediction") -> dict[str, object]:
    return {"box": asdict(prediction.box)} if prediction.box else {}


def _true_box_json(true_box: "Box | None", found: "Explanation") -> dict[str, object]:
    if true_box is None:
        return {}
    return {"true_box": asdict(true_box), "iou": found.iou, "heat_inside": found.heat_inside}


def _print_answers(answers: "Iterable[FileAnswer]") -> None:
    rows, boxed = [], False
    for one in answers:
        if one.prediction is not None:
            first, *others = [f"{name} {share:.1%}" for name, share in one.prediction.ranked[:3]]
            box = one.prediction.box
            boxed = boxed or box is not None
            where = f"{box.x:.0f}, {box.y:.0f}, {box.width:.0f} x {box.height:.0f}" if box else ""
            rows.append([one.name, first, ", ".join(others), where])
    if rows:
        head = ["file", "answer", "or", "box"] if boxed else ["file", "answer", "or"]
        answer_table(head, [row[: len(head)] for row in rows], texts=len(head))


def _print_report(report: "Report") -> None:
    for name, figure in report.figures().items():
        answer(f"{report.split}: {name} {figure}")
    if report.top5 is not None:
        answer(f"among the first five: {report.top5}")
    answer("")
    rates = [
        [f"{rate.value:.1%}" if rate.value is not None else "-" for rate in (one.precision, one.recall, one.f1)]
        for one in report.per_class
    ]
    answer_table(
        ["class", "images", "precision", "recall", "F1"],
        [[one.name, str(one.n), *texts] for one, texts in zip(report.per_class, rates, strict=True)],
    )
    if len(report.classes) <= _CONFUSION_CLASSES:
        answer("\nrows: what it is; columns: what the network said")
        answer_table(
            ["", *report.classes],
            [[name, *map(str, row)] for name, row in zip(report.classes, report.confusion, strict=True)],
        )
