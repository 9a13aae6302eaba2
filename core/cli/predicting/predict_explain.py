"""The commands that evaluate a trained model and explain its predictions."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result, print_table
from core.cli.outputs import require_empty, whole_file
from core.cli.user_name import user_name
from core.errors import DataError, RunError
from core.inspection.explaining.methods import BOX, METHODS, STAGES

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

    from core.data.pictures.box import Box
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.explaining.map_checks import MapChecks
    from core.inspection.measuring.report import Report
    from core.runs.exams.looks import Looks

Model = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run folder, a run id, a bundle folder, or imagenet (the pretrained network itself)."
    ),
]
Device = Annotated[str, typer.Option(help="The device to compute on: auto, cpu, cuda, mps ...")]

_CONFUSION_CLASSES = 12


def evaluate(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a run id in the workspace.")],
    split: Annotated[
        str,
        typer.Option(
            help="The split of its photos: val, train or test. The last is the final exam, recorded and counted."
        ),
    ] = "val",
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Evaluate a run's best model on one split: accuracy, figures per class, and IoU for boxes.

    The validation photos are for all decisions. Choose your model first, then take the final exam with --split test:
    each look at the test photos is recorded in the run, and its number stands beside the figures.
    """
    from core.runs.folder import open_run
    from core.workspace import open_workspace

    if run == "imagenet":
        raise RunError(
            "imagenet has no photos to evaluate on. Give a run; its snapshot lists the photos of each split."
        )
    workspace = open_workspace()
    found = open_run(run, workspace)
    from core.runs.exams.looks import looks_at_test_photos
    from core.runs.exams.records import TEST
    from core.runs.models import evaluate_run

    with ProgressDisplay() as display:
        progress = display.counter(f"evaluating on {split}")
        report = evaluate_run(found, split, progress=progress, device=device, who=user_name())
    looks = looks_at_test_photos(workspace, found) if split == TEST else None
    if json:
        exam = {} if looks is None else {"exam": looks.as_json()}
        print_json({**report.model_dump(mode="json"), **exam})
    else:
        _print_report(report, looks)


def explain(
    run: Model,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The image file.")],
    out: Annotated[Path, typer.Option(help="The PNG file to write: the network's input beside the heatmap.")],
    method: Annotated[str, typer.Option(help=f"The heatmap method: {', '.join(METHODS)}.")] = "gradcam",
    stage: Annotated[str, typer.Option(help=f"The stage whose feature maps are used: {', '.join(STAGES)}.")] = "layer4",
    class_: Annotated[
        str | None, typer.Option("--class", help="The class to explain. Default: the predicted class.")
    ] = None,
    box: Annotated[
        bool,
        typer.Option(
            "--box",
            help="Explain the predicted box instead of a class. This is the default if there is only one class.",
        ),
    ] = False,
    baselines: Annotated[
        bool,
        typer.Option(
            "--baselines",
            help="Also compare the heatmap with random weights, random order and a blob in the centre. Takes seconds.",
        ),
    ] = False,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Draw a heatmap of where the model looked, the predicted box, and the true box if the run's labels have it."""
    from core.workspace import open_workspace

    require_empty(out, "the picture")
    if not image.is_file():
        raise DataError(f"There is no file {image}. Give an image file.")
    from core.data.pictures.decoding import decode
    from core.inspection.explaining.cam import explain as explanation_of
    from core.inspection.explaining.explanation import side_by_side
    from core.inspection.explaining.faithfulness import faithfulness
    from core.inspection.predicting.answers_json import box_and_doubt
    from core.inspection.predicting.doubt_sentence import doubt_sentence
    from core.runs.models import load_predictor

    if box and class_ is not None:
        raise typer.BadParameter("use either --class or --box, not both.")
    decoded = decode(image, image.name)
    picture = decoded.image
    for remark in decoded.remarks:
        print_message(f"{image.name}: {remark}")
    with ProgressDisplay() as display:
        predictor = load_predictor(run, open_workspace(), device, progress=display.show_bytes)
    target = BOX if box else class_
    true_box = _true_box(run, picture)
    found = explanation_of(predictor, picture, method=method, stage=stage, target=target, true_box=true_box)
    faith = faithfulness(predictor, found)
    checks = None
    if baselines:
        from core.inspection.explaining.map_checks import check_map

        with ProgressDisplay() as display:
            checks = check_map(predictor, found, progress=display.show)
    with whole_file(out) as part:
        side_by_side(found).save(part, format="PNG")
    if json:
        print_json(
            {
                "class": None if found.of_box else found.target,
                "probability": found.probability,
                "method": method,
                "stage": found.stage,
                "seconds": found.seconds,
                "faithfulness": asdict(faith),
                **_checks_json(found, checks),
                "predictions": [{"name": name, "probability": share} for name, share in found.prediction.ranked],
                **box_and_doubt(found.prediction),
                **_true_box_json(true_box, found),
                **({"remarks": list(decoded.remarks)} if decoded.remarks else {}),
                "out": str(out),
            }
        )
        return
    print_result(found.sentence)
    if doubt := doubt_sentence(found.prediction):
        print_result(doubt)
    if found.box_sentence:
        print_result(found.box_sentence)
    print_result(faith.sentence)
    if found.exactness:
        print_result(found.exactness.sentence)
    if checks:
        for sentence in checks.sentences:
            print_result(sentence)
    print_result(f"heatmap: {out}")


def _true_box(reference: str, picture: "PILImage") -> "Box | None":
    """Return an image's box from the run's snapshot; None for other images, or if the model is not from a run."""
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


def _checks_json(found: "Explanation", checks: "MapChecks | None") -> dict[str, object]:
    """Return whether the heatmap is exact, and what its checks found if they were asked for."""
    exact: dict[str, object] = {"exact": found.exactness.exact} if found.exactness else {}
    if checks is None:
        return exact
    from core.inspection.explaining.map_checks import figures_of

    return {**exact, "baselines": figures_of(checks)}


def _true_box_json(true_box: "Box | None", found: "Explanation") -> dict[str, object]:
    if true_box is None:
        return {}
    return {"true_box": asdict(true_box), "iou": found.iou, "heat_inside": found.heat_inside}


def _print_report(report: "Report", looks: "Looks | None") -> None:
    from core.cli.doubt.decide import print_effect
    from core.inspection.measuring.group_interval import groups_sentence

    beside = f", {looks.words}" if looks else ""
    for name, figure in report.figures().items():
        print_result(f"{report.split}: {name} {figure}{beside}")
    if report.top5 is not None:
        print_result(f"top-5 accuracy: {report.top5}{beside}")
    if groups := groups_sentence(report):
        print_result(groups)
    if looks is not None:
        print_result(f"final exam: {looks.sentence}{f' {looks.warning}' if looks.warning else ''}")
    print_effect(report.decision, report.split + beside)
    print_result("")
    rates = [
        [f"{rate.value:.1%}" if rate.value is not None else "-" for rate in (one.precision, one.recall, one.f1)]
        for one in report.per_class
    ]
    print_table(
        ["class", "images", "precision", "recall", "F1"],
        [[one.name, str(one.n), *texts] for one, texts in zip(report.per_class, rates, strict=True)],
    )
    if len(report.classes) <= _CONFUSION_CLASSES:
        print_result("\nconfusion matrix (rows: true class; columns: predicted class)")
        print_table(
            ["", *report.classes],
            [[name, *map(str, row)] for name, row in zip(report.classes, report.confusion, strict=True)],
        )
