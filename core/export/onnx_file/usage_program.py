"""The program in the README of an ONNX export; it needs only onnxruntime, numpy and Pillow."""

from core.data.pictures.network_input.preprocessing import LONGEST
from core.export.decision_lines import threshold_lines, unsure_lines
from core.export.onnx_file.choices import OnnxChoices
from core.models.bundle import BundleInfo


def usage_program(info: BundleInfo, choices: OnnxChoices, file: str, image: str = "photo.jpg") -> str:
    """Return the program: it prints the five likeliest classes, the box, and whether the answer is unsure."""
    boxed = info.task == "localization"
    lines = [
        "import json, numpy as np, onnxruntime",
        "from PIL import Image, ImageOps",
        "",
        f'session = onnxruntime.InferenceSession("{file}")',
        "info = {key: json.loads(text) for key, text in session.get_modelmeta().custom_metadata_map.items()}",
        f'image = ImageOps.exif_transpose(Image.open("{image}"))',
        "if image.has_transparency_data:  # transparent parts become white",
        '    image, white = image.convert("RGBA"), Image.new("RGB", image.size, "white")',
        "    white.paste(image, mask=image)",
        "    image = white",
        'image = image.convert("RGB")',
        *_middle(info),
        *_given(info, choices, boxed),
        "outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, given)))",
        *_probabilities(info, choices),
        'answers = sorted(zip(probabilities, info["classes"]), reverse=True)',
        *threshold_lines(info),
        "for probability, name in answers[:5]:",
        '    print(f"{probability:.6f} {name}")',
        *(_box(info, choices) if boxed else []),
        *(['foreign = outputs["foreign"][0]'] if info.decision and info.decision.foreign else []),
        *unsure_lines(info.decision),
    ]
    return "\n".join(lines)


def _given(info: BundleInfo, choices: OnnxChoices, boxed: bool) -> list[str]:
    """Return the lines that make what the file takes; for boxes they keep where the photo lies in its view."""
    if choices.input == "photo":
        return ['given = {"photo": np.asarray(image)}']
    seen = info.preprocessing
    size, resize, grey = seen["size"], seen["resize"], tuple(round(255 * channel) for channel in seen["mean"])
    bilinear = "Image.Resampling.BILINEAR"
    if seen["mode"] == "crop":
        lines = [
            f"small = image.resize([n * {resize} // min(image.size) for n in image.size], {bilinear})",
            f"left, top = (round((n - {size}) / 2) for n in small.size)",
            f"view = small.crop((left, top, left + {size}, top + {size}))",
        ]
    elif seen["mode"] == "squash":
        lines = [f"small = view = image.resize(({size}, {size}), {bilinear})", *(["left = top = 0"] * boxed)]
    else:
        lines = [
            f"small = image.resize([max(1, round(n * ({size} / max(image.size)))) for n in image.size], {bilinear})",
            f"left, top = (-(({size} - n) // 2) for n in small.size)",
            f'view = Image.new("RGB", ({size}, {size}), {grey})',
            "view.paste(small, (-left, -top))",
        ]
    if choices.input == "view":
        return [*lines, 'given = {"pixels": np.asarray(view)[None]}']
    return [
        *lines,
        'mean, std = (np.float32(info["preprocessing"][name]) for name in ("mean", "std"))',
        "pixels = (np.asarray(view, np.float32) / 255 - mean) / std",
        'given = {"tensor": pixels.transpose(2, 0, 1)[None]}',
    ]


def _middle(info: BundleInfo) -> list[str]:
    """Return the lines that crop a long strip to its middle, as the studio does."""
    if info.preprocessing["mode"] != "crop":
        return []
    return [
        f"longest = {LONGEST} * min(image.size)  # of a longer strip, only the middle is seen",
        "edges = [max(0, n - longest) // 2 for n in image.size]",
        "image = image.crop((*edges, *(edge + min(n, longest) for edge, n in zip(edges, image.size))))",
    ]


def _probabilities(info: BundleInfo, choices: OnnxChoices) -> list[str]:
    if choices.softmax:
        return ['probabilities = outputs["probabilities"][0].tolist()']
    scale = info.decision.scale if info.decision else 1.0
    divided = "" if scale == 1 else f" / {scale!r}  # the temperature"
    return [
        f'logits = outputs["logits"][0].astype(float){divided}',
        "powers = np.exp(logits - logits.max())",
        "probabilities = (powers / powers.sum()).tolist()",
    ]


def _box(info: BundleInfo, choices: OnnxChoices) -> list[str]:
    edges = ["box = box[0] + edges[0], box[1] + edges[1], *box[2:]"] if info.preprocessing["mode"] == "crop" else []
    shown = [*edges, 'print("x {:.2f}, y {:.2f}, width {:.2f}, height {:.2f}".format(*box))']
    if choices.input == "photo":
        return ['box = outputs["box"][0]', *shown]
    return [
        "across, down = small.width / image.width, small.height / image.height",
        'x0, y0, x1, y1 = outputs["box"][0] * view.width',
        "box = (x0 + left) / across, (y0 + top) / down, (x1 - x0) / across, (y1 - y0) / down",
        *shown,
    ]
