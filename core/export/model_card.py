"""Write the README.md of an exported bundle: what the model is, how good it is, and how to use it elsewhere."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from core.export.box_snippet import box_snippet
from core.export.card.card_metadata import front_matter, licence_of, licence_sentence
from core.export.card.card_use import data_text, input_text, intended_use, limits
from core.export.card.confusion_picture import picture_lines
from core.export.decision_card import LIKELIEST, DoubtFigures, decision_text, threshold_note
from core.export.decision_lines import answer_lines, foreign_lines, needs_vector, unsure_lines
from core.inspection.measuring.group_interval import groups_sentence
from core.inspection.measuring.report import BoxReport, Rate, Report
from core.models.bundle import INFO_FILE, WEIGHTS_FILE, BundleInfo
from core.models.zoo import HEAD_STAGES, config_of
from core.runs.exams.looks import Looks
from core.training.early.seen_photos import early_note

# The settings of a recipe that the card shows, most important first. bundle.json has all of them.
_SETTINGS = (
    *("weights", "train", "epochs", "head_epochs", "batch_size", "optimizer", "learning_rate", "schedule"),
    *("weight_decay", "label_smoothing", "class_weighting", "augmentation", "patience", "seed", "split_seed"),
)


# torchvision's names of the architectures that it has.
_IN_TORCHVISION = {name: name for name in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")} | {
    "resnext50-32x4d": "resnext50_32x4d",
    "resnext101-32x8d": "resnext101_32x8d",
    "wide-resnet50-2": "wide_resnet50_2",
}


_HEAD = "model.fc(vector)"
_CENTRE = "distance between box centres (pixels)"


def model_card(
    info: BundleInfo,
    title: str,
    reports: Mapping[str, Report] | None = None,
    counts: pd.DataFrame | None = None,
    looks: Looks | None = None,
    doubt: DoubtFigures | None = None,
) -> str:
    """Return the text. ``reports`` are by split, ``counts`` the snapshot's (label x split); both may be missing.

    ``looks`` are those at the test photos, whose number stands beside their figures. ``doubt`` is what the validation
    photos say about the decision.
    """
    reports = reports or {}
    note = threshold_note(info, reports, {split: _split(split, looks) for split in reports})
    rates = f"\n\nPrecision, recall and F1 are of the {LIKELIEST}." if note and counts is not None else ""
    picture = picture_lines(reports) if counts is not None else ""
    sections = [
        front_matter(info, title, reports, looks, _network(info.arch) is not None),
        f"# {cell(title)}",
        _opening(info),
        f"## Intended use\n\n{intended_use(info)}",
        f"## Use it\n\n{_usage(info)}",
        f"## Classes\n\n{data_text(info, counts)}"
        f"{_classes(info, reports.get('test') or reports.get('val'), counts, looks)}{rates}",
        f"## How good it is\n\n{_quality(reports, counts, looks)}{note}{picture}",
        f"## How it decides\n\n{decision_text(info, doubt, _threshold_class(info))}",
        f"## Input\n\n{input_text(info)}",
        f"## Training\n\n{early_note(info.metrics)}{_training(info)}",
        f"## Weights\n\n{_weights(info)}",
        f"## Limits\n\n{limits(info)}",
    ]
    return "\n\n".join(sections) + "\n"


def snippet(info: BundleInfo, image: str = "photo.jpg") -> str:
    """Return ten lines that load the bundle with torchvision, safetensors and Pillow, and predict the same.

    Letterbox takes three more lines, a small stem two, a head on several stages seven, a decision up to twelve, and a
    box has its own program.
    An architecture that torchvision does not have is loaded with this program's own code.
    """
    network = _network(info.arch)
    if network is None:
        return (
            "from pathlib import Path\n\nfrom PIL import Image\n\n"
            "from core.inspection.predicting.predictor import Predictor\n\n"
            f'prediction = Predictor.load(Path(".")).predict([Image.open("{image}")])[0]\n'
            "for name, probability in prediction.ranked:\n"
            '    print(f"{probability:.6f} {name}")'
            + ("\nprint(prediction.box)" if info.task == "localization" else "")
            + ('\nprint("unsure" if prediction.unsure else "sure")' if unsure_lines(info.decision) else "")
        )
    if info.task == "localization":
        return box_snippet(info, network, image)
    seen = info.preprocessing
    size, resize, grey = seen["size"], seen["resize"], tuple(round(255 * channel) for channel in seen["mean"])
    upright = f'ImageOps.exif_transpose(Image.open("{image}")).convert("RGB")'
    view = {
        "crop": [f"view = F.center_crop(F.resize({upright}, {resize}), {size})"],
        "squash": [f"view = F.resize({upright}, ({size}, {size}))"],
        "letterbox": [
            f"image = {upright}",
            f"small = image.resize([max(1, round(n * {size} / max(image.size))) for n in image.size], "
            "Image.Resampling.BILINEAR)",
            f'view = Image.new("RGB", ({size}, {size}), {grey})',
            f"view.paste(small, (({size} - small.width) // 2, ({size} - small.height) // 2))",
        ],
    }[seen["mode"]]
    logits = "model(pixels[None])"
    several: list[str] = []
    if needs_vector(info.decision):
        several, logits = ["vector = torch.nn.Sequential(*list(model.children())[:-1])(pixels[None]).flatten(1)"], _HEAD
    if config_of(info.arch).head == "stages":
        logits = "model.fc(torch.cat(vectors, 1))"
        several = [
            "x, vectors = model.maxpool(model.relu(model.bn1(model.conv1(pixels[None])))), []",
            "for name, stage in model.named_children():",
            '    if name.startswith("layer"):',
            "        x = stage(x)",
            f"    if name in {HEAD_STAGES}:",
            "        vectors.append(torch.nn.functional.normalize(x.mean((2, 3))))",
        ]
        several += ["vector = x.mean((2, 3))"] if needs_vector(info.decision) else []
    several += foreign_lines(info.decision)
    torch = "torch, " if any("torch.nn" in line for line in (*network, *several)) else ""
    lines = [
        f"import json, {torch}torchvision, torchvision.transforms.functional as F",
        "from PIL import Image, ImageOps",
        "from safetensors.torch import load_file",
        f'info = json.load(open("{INFO_FILE}", encoding="utf-8"))',
        *network,
        f'model.load_state_dict(load_file("{WEIGHTS_FILE}"))',
        *view,
        'pixels = F.normalize(F.to_tensor(view), info["preprocessing"]["mean"], info["preprocessing"]["std"])',
        *several,
        *answer_lines(info, logits),
    ]
    return "\n".join(lines)


def _threshold_class(info: BundleInfo) -> str:
    threshold = info.decision.threshold if info.decision else None
    return cell(threshold.class_name) if threshold else ""


def _network(arch: str) -> list[str] | None:
    """Return the lines that build the network with torchvision; None if torchvision does not have it."""
    name, *options = arch.split("+")
    constructor = _IN_TORCHVISION.get(name.removesuffix("-v1"))
    if constructor is None or set(options) - {"small-stem", "stages"}:
        return None
    lines = [f'model = torchvision.models.{constructor}(num_classes=len(info["classes"])).eval()']
    if name.endswith("-v1"):
        stages = "(model.layer2, model.layer3, model.layer4)"
        lines.append(f"for stage in {stages}: stage[0].conv1.stride, stage[0].conv2.stride = 2, 1  # v1")
    if "stages" in options:
        width = config_of(arch).head_width
        lines.append(f'model.fc = torch.nn.Linear({width}, len(info["classes"]))  # takes the vectors of three stages')
    if "small-stem" in options:
        lines.append("model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)  # a stem for small pictures")
        lines.append("model.maxpool = torch.nn.Identity()")
    return lines


def cell(text: object) -> str:
    """Escape a user's text as one line of Markdown without tables, HTML, code or links."""
    line = " ".join(str(text).split())
    for sign in "\\|<>`*_[]#":
        line = line.replace(sign, f"\\{sign}")
    # Bare addresses become links even with a backslash; an empty comment takes them apart and is not seen.
    return re.sub(r"(?i)(?<=www)(?=\.)|(?<=:)(?=//)|(?<=\w)(?=@\w)", "<!-- -->", line)


def _opening(info: BundleInfo) -> str:
    made = f" on {info.created[:10]}" if info.created else ""
    task = f"classifies photos into {len(info.classes)} classes"
    if info.task == "localization":
        task = f"predicts the class (one of {len(info.classes)}) and the box of the object in a photo"
    several = ""
    if config_of(info.arch).head == "stages":
        several = f"Its head takes the means of {', '.join(HEAD_STAGES)}, each scaled to length 1, side by side. "
    return (
        f"A {info.arch} that {task}. {several}Made with ResNet Studio{made}. "
        f"`{WEIGHTS_FILE}` contains the weights under torchvision's names, `{INFO_FILE}` everything about them, and "
        "`classes.txt` the classes in the order of the outputs. No file is a pickle."
    )


def _usage(info: BundleInfo) -> str:
    if _network(info.arch) is None:
        need = f"torchvision has no {info.arch}. Run this in this folder, with ResNet Studio's folder on PYTHONPATH:"
        return f"{need}\n\n```python\n{snippet(info)}\n```"
    same = "classes and box" if info.task == "localization" else "probabilities"
    return (
        "Run `pip install torch torchvision safetensors pillow`, then in this folder:\n\n"
        f"```python\n{snippet(info)}\n```\n\n"
        f"This gives the same {same} as ResNet Studio{_views(info)}. (For photos with transparency, ResNet Studio uses "
        "a white background.)"
    )


def _views(info: BundleInfo) -> str:
    """Say that the example code uses one view of a photo, where the app averages several."""
    from core.inspection.predicting.averaged_views import views_of_recipe  # imports torch

    views = 1 if info.task == "localization" else views_of_recipe(info.recipe)
    fitted = "" if info.decision is None else ", and its decision (below) was fitted on these averages"
    return "" if views == 1 else f" with one view of a photo; by itself it averages {views} views{fitted}"


def _classes(info: BundleInfo, report: Report | None, counts: pd.DataFrame | None, looks: Looks | None) -> str:
    if counts is None:
        shown = [f"{number}. {cell(name)}" for number, name in enumerate(info.classes[:50], start=1)]
        if len(info.classes) > 50:
            shown.append(f"\nand {len(info.classes) - 50} more, in `classes.txt`.")
        return "\n".join(shown)
    by_class = {entry.name: entry for entry in report.per_class} if report else {}
    tail = [f"{name} ({_split(report.split, looks)})" for name in ("precision", "recall", "F1")] if report else []
    numbers_of = counts.to_dict()
    rows = []
    for name in info.classes:
        numbers = [numbers_of.get(split, {}).get(name, 0) for split in ("train", "val", "test")]
        rates = []
        if name in by_class:
            entry = by_class[name]
            rates = [_counted(entry.precision), _counted(entry.recall), _percent(entry.f1.value)]
        rows.append([cell(name), *map(str, numbers), *rates])
    return _table(["class", "train", "val", "test", *tail], rows)


def _split(split: str, looks: Looks | None) -> str:
    """Return a split with the number of the look, where it is the test split: "test, look 2 at these photos"."""
    return f"{split}, {looks.words}" if split == "test" and looks is not None and looks.count else split


def _quality(reports: Mapping[str, Report], counts: pd.DataFrame | None, looks: Looks | None) -> str:
    if not reports:
        return "The model has not been evaluated in ResNet Studio."
    head, rows = ["split", "accuracy", "95% confidence interval", "macro F1"], []
    if any(report.top5 for report in reports.values()):
        head.append("top-5 accuracy")
    for split, report in reports.items():
        rate = report.accuracy
        row = [
            _split(split, looks),
            _counted(rate),
            f"{_percent(rate.low)} to {_percent(rate.high)}",
            _percent(report.macro_f1),
            _counted(report.top5) if report.top5 else "",
        ]
        rows.append(row[: len(head)])
    boxed = [report for report in reports.values() if isinstance(report, BoxReport)]
    return (
        _table(head, rows)
        + (f"\n\n{_box_quality(boxed, looks)}" if boxed else "")
        + "\n\nIntervals of accuracies are Wilson's, over photos."
        + "".join(f" {said}" for report in reports.values() if (said := groups_sentence(report)))
        + _exam(reports, counts, looks)
        + _choice(reports)
    )


def _exam(reports: Mapping[str, Report], counts: pd.DataFrame | None, looks: Looks | None) -> str:
    """Say what the test photos were kept for, and how often they were looked at."""
    if "test" in reports:
        kept = " The test photos were not used in training: they are for a final exam."
        return kept if looks is None else f"{kept} {looks.sentence} {looks.warning}".rstrip()
    number = 0 if counts is None else int(counts["test"].sum())
    if not number:
        return ""
    taken = "" if looks is not None and looks.own else ", which this model has not taken"
    kept = f" {number} test photos are kept back for a final exam{taken}."
    return kept if looks is None or not looks.count else f"{kept} {looks.sentence} {looks.warning}".rstrip()


def _choice(reports: Mapping[str, Report]) -> str:
    """Say what the validation photos chose: nothing if the head was solved."""
    if "val" not in reports or reports["val"].computed:
        return ""
    return " The validation photos chose the model, so their figures are slightly too optimistic."


def _box_quality(reports: Sequence[BoxReport], looks: Looks | None) -> str:
    """Return the figures of the boxes; the means have bootstrap intervals."""
    rows = [
        [
            _split(report.split, looks),
            f"{report.mean_iou.value:.3f}",
            "" if report.mean_iou.low is None else f"{report.mean_iou.low:.3f} to {report.mean_iou.high:.3f}",
            _counted(report.iou_50),
            _counted(report.iou_75),
            f"{report.center_error.value:.1f}",
        ]
        for report in reports
    ]
    head = ["split", "mean IoU", "95% confidence interval", "IoU at least 0.5", "IoU at least 0.75", _CENTRE]
    return (
        "Accuracy of the boxes. IoU is the intersection of the predicted and the labelled box divided by their union; "
        "1 means that they are equal. The interval of its mean is from a bootstrap.\n\n" + _table(head, rows)
    )


def _training(info: BundleInfo) -> str:
    if not info.recipe:
        return "These are the pretrained weights themselves, or the training is not recorded."
    rows = [
        [key.replace("_", " "), cell(info.recipe[key])] for key in _SETTINGS if info.recipe.get(key) not in (None, "")
    ]
    libraries = ", ".join(f"{cell(name)} {cell(version)}" for name, version in info.libraries.items())
    table = _table(["setting", "value"], rows)
    snapshot = f"\n\nDigest of the data snapshot: `{info.snapshot_digest}`." if info.snapshot_digest else ""
    return table + snapshot + (f" Libraries: {libraries}." if libraries else "")


def _weights(info: BundleInfo) -> str:
    if not info.weights:
        return f"Training started from random weights, or their origin is not recorded. {licence_sentence(info)}"
    rows = [[cell(key.replace("_", " ")), cell(value)] for key, value in info.weights.items()]
    unknown = "" if licence_of(info) else f"\n\n{licence_sentence(info)}"
    return "The origin and licence of the starting weights:\n\n" + _table(["", ""], rows) + unknown


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _counted(rate: Rate) -> str:
    return "" if rate.value is None else f"{rate.value:.1%} ({rate.correct} of {rate.n})"
