"""The README.md of an ONNX export: the bundle's model card, with the files, the program and the self-test of these."""

import re
from collections.abc import Sequence

from core.export.onnx_file.choices import INPUT_WORDS, OnnxChoices, file_name
from core.export.onnx_file.self_test import MOST_POINTS_LOST, SelfTest
from core.export.onnx_file.usage_program import usage_program
from core.export.onnx_file.whole_graph import WEIGHT_BITS
from core.inspection.measuring.report import Rate
from core.models.bundle import BundleInfo
from core.models.zoo import config_of, network_name, with_plain_head

_BETWEEN = "\n\n## "


def onnx_card(card: str, info: BundleInfo, choices: OnnxChoices, tests: Sequence[SelfTest], calibrated: str) -> str:
    """Return the bundle's ``card`` with the sections of an ONNX export."""
    head, *sections = card.split(_BETWEEN)
    title = re.search(r"^# .*$", head, re.MULTILINE)
    if title is None:
        raise ValueError("the model card has no title")
    front = re.sub(r"^library_name: .*$", "library_name: onnx", head[: title.end()], count=1, flags=re.MULTILINE)
    opening = f"{front}\n\n{_opening(info, choices)}"
    use = next(place for place, text in enumerate(sections) if text.startswith("Use it\n"))
    sections[use] = f"Use it\n\n{_usage(info, choices)}"
    after = next((place for place, text in enumerate(sections) if text.startswith("Input\n")), use + 1)
    sections[after:after] = [f"ONNX self-test\n\n{self_test_text(tests, choices, calibrated)}"]
    return _BETWEEN.join([opening, *sections])


def self_test_text(tests: Sequence[SelfTest], choices: OnnxChoices, calibrated: str) -> str:
    """Return the figures of the files against their bundle, as Markdown."""
    first = tests[0]
    head = ["file", "size", "largest difference of a probability", "same likeliest class", "accuracy", "speed"]
    bundle = ["the bundle", "", "", "", _rate(first.bundle_accuracy), f"{first.speed.bundle:.3g}"]
    rows = [bundle, *([_row(test) for test in tests])]
    if first.bundle_iou is not None:
        head.insert(5, "mean IoU")
        for row, mean in zip(rows, [first.bundle_iou, *(test.file_iou for test in tests)], strict=True):
            row.insert(5, "" if mean is None else str(mean))
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    notes = [
        f"onnxruntime computed each file on {first.photos}, and torch computed the bundle in fp32, both on "
        f"{first.speed.processor} with {first.speed.threads} thread{'s' * (first.speed.threads != 1)}. "
        f"Accuracy is that of the likeliest class, with its 95% confidence interval. Speed is the number of photos per "
        "second of processor time, "
        + ("one by one, from photo to answer" if choices.input == "photo" else f"in batches of {first.speed.batch}")
        + ", without decoding.",
        *first.remarks,
    ]
    if any(test.precision == "int8" for test in tests):
        notes.append(
            f"int8: static quantisation, calibrated on {calibrated}. Weights have {WEIGHT_BITS} bits, so that every "
            "processor computes the same sums; the heads stay in fp32."
        )
    for test in tests:
        if test.loses_too_much:
            notes.append(f"**{loss_sentence(test)} It was written because somebody asked for it anyway.**")
    return "\n\n".join([table, *notes])


def loss_sentence(test: SelfTest) -> str:
    """Say how much a file that loses too much loses, and on how many photos."""
    name, bundle, file = file_name(test.precision), test.bundle_accuracy, test.file_accuracy
    if bundle is not None and file is not None:
        points = 100 * (bundle.correct - file.correct) / test.n
        if points > MOST_POINTS_LOST:
            few = " With so few photos, one photo is more than that." if 100 / test.n > MOST_POINTS_LOST else ""
            return (
                f"{name} is right on {file.correct} of {test.n} photos, and the bundle on {bundle.correct}. It loses "
                f"{points:.1f} percentage points, more than {MOST_POINTS_LOST}.{few}"
            )
    means = [mean.value for mean in (test.bundle_iou, test.file_iou) if mean is not None and mean.value is not None]
    between = " instead of ".join(f"{value:.3f}" for value in reversed(means))
    return f"{name} has a mean IoU of {between} on {test.n} photos. It loses more than {MOST_POINTS_LOST / 100}."


def _opening(info: BundleInfo, choices: OnnxChoices) -> str:
    task = f"classifies photos into {len(info.classes)} classes"
    if info.task == "localization":
        task = f"predicts the class (one of {len(info.classes)}) and the box of the object in a photo"
    made = f" on {info.created[:10]}" if info.created else ""
    several = " Its head takes the vectors of several stages." if config_of(info.arch).head == "stages" else ""
    files = " and ".join(f"`{file_name(precision)}` ({precision})" for precision in choices.precisions)
    return (
        f"A {network_name(with_plain_head(info.arch))} that {task}, as an ONNX file.{several} Trained with ResNet "
        f"Studio{made}. {files} {'contain' if len(choices.precisions) > 1 else 'contains'} the whole model; the file's "
        "metadata says everything about it, as JSON. `classes.txt` lists the classes in the order of the outputs, and "
        "`self-test.json` has the figures of the self-test."
    )


def _usage(info: BundleInfo, choices: OnnxChoices) -> str:
    opset = 18 if choices.input == "photo" else 17
    outputs = "the classes' probabilities" if choices.softmax else "the classes' logits, without softmax"
    if choices.softmax and info.decision is not None and info.decision.scale != 1:
        outputs += f", calibrated by the temperature {info.decision.scale:.4g}"
    if info.task == "localization":
        kind = "x, y, width and height in pixels of the photo"
        if choices.input != "photo":
            kind = "left, top, right and bottom as fractions of the view's side"
        outputs += f"; and the box: {kind}"
    if info.decision is not None and info.decision.foreign is not None:
        outputs += '; and the distance for "none of these"'
    program = usage_program(info, choices, file_name(choices.precisions[0]))
    return (
        f"The file takes {INPUT_WORDS[choices.input]}: {_shape(info, choices)}. It gives {outputs}. Its opset is "
        f"{opset}. Run `pip install onnxruntime numpy pillow`, then in this folder:\n\n```python\n{program}\n```\n\n"
        f"{_exactness(info, choices)}"
    )


def _shape(info: BundleInfo, choices: OnnxChoices) -> str:
    size = info.preprocessing["size"]
    return {
        "photo": "`photo`, uint8 [H, W, 3]",
        "view": f"`pixels`, uint8 [N, {size}, {size}, 3]",
        "tensor": f"`tensor`, float32 [N, 3, {size}, {size}]",
    }[choices.input]


def _exactness(info: BundleInfo, choices: OnnxChoices) -> str:
    from core.inspection.predicting.averaged_views import views_of_recipe  # imports torch

    if choices.input == "photo":
        text = (
            "ONNX's antialiased resizing rounds a few values differently from Pillow's, by at most 2 of 255; the "
            "self-test below includes that."
        )
    else:
        text = "Up to rounding, the file in fp32 gives what ResNet Studio gives."
    views = 1 if info.task == "localization" else views_of_recipe(info.recipe)
    if views > 1:
        text += (
            f" It computes one view of a photo, where ResNet Studio averages {views} views. The self-test compares one."
        )
    return text


def _row(test: SelfTest) -> list[str]:
    return [
        f"`{file_name(test.precision)}`",
        f"{test.size_bytes / 1e6:.1f} MB",
        f"{test.largest_difference:.2g}",
        f"{test.agreement.correct} of {test.agreement.n}",
        _rate(test.file_accuracy),
        f"{test.speed.file:.3g} ({test.speed.ratio:.2g} times the bundle's)",
    ]


def _rate(rate: Rate | None) -> str:
    return "not known" if rate is None else str(rate)
