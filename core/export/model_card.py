"""The README.md of an exported bundle: what the model is, how good it is, and how to use it without this program."""

from collections.abc import Mapping, Sequence

import pandas as pd

from core.export.box_snippet import box_snippet
from core.inspection.measuring.report import BoxReport, Rate, Report
from core.models.bundle import INFO_FILE, WEIGHTS_FILE, BundleInfo

_MODES = {
    "crop": "Resized so that its shorter side has {resize} pixels, then cut to the middle {size} x {size}.",
    "squash": "Squashed to {size} x {size} pixels, whatever its shape.",
    "letterbox": "Fitted into {size} x {size} pixels with bars in the mean color.",
}

# Settings of a recipe that say how a training went, in the order of interest. The others stand in bundle.json.
_SETTINGS = (
    *("weights", "train", "epochs", "head_epochs", "batch_size", "optimizer", "learning_rate", "schedule"),
    *("weight_decay", "label_smoothing", "class_weighting", "augmentation", "patience", "seed"),
)


# Which of the architectures torchvision has, and what it calls them.
_IN_TORCHVISION = {name: name for name in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")} | {
    "resnext50-32x4d": "resnext50_32x4d",
    "resnext101-32x8d": "resnext101_32x8d",
    "wide-resnet50-2": "wide_resnet50_2",
}


def model_card(
    info: BundleInfo, title: str, reports: Mapping[str, Report] | None = None, counts: pd.DataFrame | None = None
) -> str:
    """The text; ``reports`` by split, ``counts`` the snapshot's (label x split). What is not known is left out."""
    reports = reports or {}
    kind = "object-detection" if info.task == "localization" else "image-classification"
    sections = [
        f"---\npipeline_tag: {kind}\ntags: [resnet, transfer-learning, {kind}]\n---",
        f"# {cell(title)}",
        _opening(info),
        f"## Use it\n\n{_usage(info)}",
        f"## Classes\n\n{_classes(info, reports.get('test') or reports.get('val'), counts)}",
        f"## How good it is\n\n{_quality(reports)}",
        f"## Input\n\n{_input(info)}",
        f"## Training\n\n{_training(info)}",
        f"## Weights\n\n{_weights(info)}",
        "## Limits\n\n"
        "It names one of its classes for any picture, also for one that shows none of them. "
        + ("It gives one box, whether there is one object or several. " if info.task == "localization" else "")
        + "The figures above hold for pictures like those it was tested on, and for no others.",
    ]
    return "\n\n".join(sections) + "\n"


def snippet(info: BundleInfo, image: str = "photo.jpg") -> str:
    """Ten lines that load the bundle with torchvision, safetensors and Pillow alone, and answer the same.

    Letterbox takes three lines more, a small stem two, and a box has its own program. An architecture that torchvision
    does not have is loaded by this program's own code.
    """
    network = _network(info.arch)
    if network is None:
        return (
            "from pathlib import Path\n\nfrom PIL import Image\n\n"
            "from core.inspection.predicting.predictor import Predictor\n\n"
            f'answer = Predictor.load(Path(".")).predict([Image.open("{image}")])[0]\n'
            "for name, probability in answer.ranked:\n"
            '    print(f"{probability:.6f} {name}")' + ("\nprint(answer.box)" if info.task == "localization" else "")
        )
    if info.task == "localization":
        return box_snippet(info, network, image)
    seen = info.preprocessing
    size, resize, gray = seen["size"], seen["resize"], tuple(round(255 * channel) for channel in seen["mean"])
    upright = f'ImageOps.exif_transpose(Image.open("{image}")).convert("RGB")'
    view = {
        "crop": [f"view = F.center_crop(F.resize({upright}, {resize}), {size})"],
        "squash": [f"view = F.resize({upright}, ({size}, {size}))"],
        "letterbox": [
            f"image = {upright}",
            f"small = image.resize([max(1, round(n * {size} / max(image.size))) for n in image.size], "
            "Image.Resampling.BILINEAR)",
            f'view = Image.new("RGB", ({size}, {size}), {gray})',
            f"view.paste(small, (({size} - small.width) // 2, ({size} - small.height) // 2))",
        ],
    }[seen["mode"]]
    torch = "torch, " if any("torch.nn" in line for line in network) else ""
    lines = [
        f"import json, {torch}torchvision, torchvision.transforms.functional as F",
        "from PIL import Image, ImageOps",
        "from safetensors.torch import load_file",
        f'info = json.load(open("{INFO_FILE}", encoding="utf-8"))',
        *network,
        f'model.load_state_dict(load_file("{WEIGHTS_FILE}"))',
        *view,
        'pixels = F.normalize(F.to_tensor(view), info["preprocessing"]["mean"], info["preprocessing"]["std"])',
        'print(*sorted(zip(model(pixels[None]).softmax(1)[0].tolist(), info["classes"]), reverse=True)[:5], sep="\\n")',
    ]
    return "\n".join(lines)


def _network(arch: str) -> list[str] | None:
    """The lines that build the network with torchvision; None where torchvision has no such network."""
    name, *options = arch.split("+")
    constructor = _IN_TORCHVISION.get(name.removesuffix("-v1"))
    if constructor is None or set(options) - {"small-stem"}:
        return None
    lines = [f'model = torchvision.models.{constructor}(num_classes=len(info["classes"])).eval()']
    if name.endswith("-v1"):
        stages = "(model.layer2, model.layer3, model.layer4)"
        lines.append(f"for stage in {stages}: stage[0].conv1.stride, stage[0].conv2.stride = 2, 1  # v1")
    if options:
        lines.append("model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)  # a stem for small pictures")
        lines.append("model.maxpool = torch.nn.Identity()")
    return lines


def cell(text: object) -> str:
    """A text of the user's as one line of Markdown that is neither table, HTML nor code."""
    line = " ".join(str(text).split())
    for sign in "\\|<>`*_[]#":
        line = line.replace(sign, f"\\{sign}")
    return line


def _opening(info: BundleInfo) -> str:
    made = f" Made on {info.created[:10]}." if info.created else ""
    what = f"tells {len(info.classes)} classes of pictures apart"
    if info.task == "localization":
        what = f"names what is in a picture, one of {len(info.classes)} classes, and gives the box around it"
    return (
        f"A {info.arch} that {what}, made with ResNet Studio.{made} "
        f"`{WEIGHTS_FILE}` holds the weights under torchvision's names, `{INFO_FILE}` all that is known about them, "
        "`classes.txt` the classes in the order of the outputs. Nothing in here is a pickle."
    )


def _usage(info: BundleInfo) -> str:
    if _network(info.arch) is None:
        need = f"torchvision has no {info.arch}. In this folder, with ResNet Studio's own folder on PYTHONPATH:"
        return f"{need}\n\n```python\n{snippet(info)}\n```"
    same = "classes and box" if info.task == "localization" else "probabilities"
    return (
        "`pip install torch torchvision safetensors pillow`, then in this folder:\n\n"
        f"```python\n{snippet(info)}\n```\n\n"
        f"This gives the same {same} as the program that the model was trained in. (Pictures with transparency "
        "are laid on white there first.)"
    )


def _classes(info: BundleInfo, report: Report | None, counts: pd.DataFrame | None) -> str:
    if counts is None:
        shown = [f"{number}. {cell(name)}" for number, name in enumerate(info.classes[:50], start=1)]
        if len(info.classes) > 50:
            shown.append(f"\nand {len(info.classes) - 50} more, in `classes.txt`.")
        return "\n".join(shown)
    by_class = {entry.name: entry for entry in report.per_class} if report else {}
    tail = [f"precision ({report.split})", f"recall ({report.split})", f"F1 ({report.split})"] if report else []
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


def _quality(reports: Mapping[str, Report]) -> str:
    if not reports:
        return "It has not been evaluated here."
    head, rows = ["split", "accuracy", "95% interval", "macro F1"], []
    if any(report.top5 for report in reports.values()):
        head.append("among the first five")
    for split, report in reports.items():
        rate = report.accuracy
        row = [
            split,
            _counted(rate),
            f"{_percent(rate.low)} to {_percent(rate.high)}",
            _percent(report.macro_f1),
            _counted(report.top5) if report.top5 else "",
        ]
        rows.append(row[: len(head)])
    boxed = [report for report in reports.values() if isinstance(report, BoxReport)]
    return (
        _table(head, rows)
        + (f"\n\n{_box_quality(boxed)}" if boxed else "")
        + "\n\nThe interval of a share is Wilson's. The training never looked at `test`. By `val` it chose its best "
        "epoch, so that figure flatters a little."
    )


def _box_quality(reports: Sequence[BoxReport]) -> str:
    """The figures of the boxes; those of the means have bootstrap intervals."""
    rows = [
        [
            report.split,
            f"{report.mean_iou.value:.3f}",
            "" if report.mean_iou.low is None else f"{report.mean_iou.low:.3f} to {report.mean_iou.high:.3f}",
            _counted(report.iou_50),
            _counted(report.iou_75),
            f"{report.center_error.value:.1f}",
        ]
        for report in reports
    ]
    head = ["split", "mean IoU", "95% interval", "IoU at least 0.5", "IoU at least 0.75", "middles apart (pixels)"]
    return (
        "How well the boxes lie (IoU is the shared part of the predicted and the true box, 1 where they are the same; "
        "the interval of its mean is the bootstrap's):\n\n" + _table(head, rows)
    )


def _input(info: BundleInfo) -> str:
    seen = info.preprocessing
    return (
        f"{_MODES[seen['mode']].format(**seen)} RGB, each channel divided by 255, less the mean "
        f"{_numbers(seen['mean'])}, divided by {_numbers(seen['std'])}. Resizing is {seen['interpolation']} with "
        "antialiasing, as Pillow does it."
    )


def _training(info: BundleInfo) -> str:
    if not info.recipe:
        return "These are the pretrained weights themselves, or how they were trained is not recorded."
    rows = [
        [key.replace("_", " "), cell(info.recipe[key])] for key in _SETTINGS if info.recipe.get(key) not in (None, "")
    ]
    libraries = ", ".join(f"{cell(name)} {cell(version)}" for name, version in info.libraries.items())
    table = _table(["setting", "value"], rows)
    snapshot = f"\n\nSnapshot of the data: `{info.snapshot_digest}`." if info.snapshot_digest else ""
    return table + snapshot + (f" Made with {libraries}." if libraries else "")


def _weights(info: BundleInfo) -> str:
    if not info.weights:
        return "The training began from random weights, or where they began is not recorded."
    rows = [[cell(key.replace("_", " ")), cell(value)] for key, value in info.weights.items()]
    return "Where the weights at the start came from, and their licence:\n\n" + _table(["", ""], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _counted(rate: Rate) -> str:
    return "" if rate.value is None else f"{rate.value:.1%} ({rate.correct} of {rate.n})"


def _numbers(values: list[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)
