"""The program in the README of an exported localization model; it needs only torchvision, safetensors and Pillow."""

from collections.abc import Sequence

from core.export.decision_lines import foreign_lines, needs_vector, scaled, threshold_lines, unsure_lines
from core.models.bundle import INFO_FILE, WEIGHTS_FILE, BundleInfo


def box_snippet(info: BundleInfo, network: Sequence[str], image: str) -> str:
    """Return the program; ``network`` are the lines that build ``model``. It follows core.models.heads.BoxHead."""
    seen = info.preprocessing
    size, resize = seen["size"], seen["resize"]
    mean, std = list(seen["mean"]), list(seen["std"])
    grey = tuple(round(255 * channel) for channel in mean)
    small = {
        "crop": f"small = F.resize(image, {resize})",
        "squash": f"small = image.resize(({size}, {size}), Image.Resampling.BILINEAR)",
        "letterbox": f"small = image.resize([max(1, round(n * {size} / max(image.size))) for n in image.size], "
        "Image.Resampling.BILINEAR)",
    }[seen["mode"]]
    if seen["mode"] == "crop":
        shift = f"x0, y0 = (-round((n - {size}) / 2) for n in small.size)"
    else:
        shift = f"x0, y0 = (({size} - n) // 2 for n in small.size)"
    lines = [
        "import json, torch, torchvision",
        "from PIL import Image, ImageOps",
        "from safetensors.torch import load_file",
        "from torch.nn.functional import batch_norm, conv2d, softplus",
        "from torchvision.transforms import functional as F",
        "",
        f'info = json.load(open("{INFO_FILE}", encoding="utf-8"))',
        *network,
        f'state = load_file("{WEIGHTS_FILE}")',
        'model.load_state_dict({name: one for name, one in state.items() if not name.startswith("box.")})',
        f'image = ImageOps.exif_transpose(Image.open("{image}")).convert("RGB")',
        small,
        shift,
        f'view = Image.new("RGB", ({size}, {size}), {grey})',
        "view.paste(small, (x0, y0))",
        f"pixels = F.normalize(F.to_tensor(view), {mean}, {std})",
        "with torch.inference_mode():",
        "    features = torch.nn.Sequential(*list(model.children())[:-2])(pixels[None])",
        *(["    vector = features.mean((2, 3))"] if needs_vector(info.decision) else []),
        f"    probabilities = {scaled('model.fc(features.mean((2, 3)))', info.decision)}.softmax(1)[0].tolist()",
        "    for conv, norm, edge in ((0, 1, 0), (3, 4, 1)):",
        '        features = conv2d(features, state[f"box.neck.{conv}.weight"], padding=edge)',
        '        numbers = ("running_mean", "running_var", "weight", "bias")',
        '        features = batch_norm(features, *(state[f"box.neck.{norm}.{name}"] for name in numbers)).relu()',
        '    votes = conv2d(features, state["box.votes.weight"], state["box.votes.bias"])[0]',
        "    rows, columns = votes.shape[1:]",
        "    x, y = (torch.arange(columns) + 0.5) / columns, ((torch.arange(rows) + 0.5) / rows)[:, None]",
        "    far, counts = softplus(votes[:4]), votes[4].flatten().softmax(0).view(rows, columns)",
        "    edges = torch.stack([x - far[0], y - far[1], x + far[2], y + far[3]])",
        f"    left, top, right, bottom = ((edges * counts).sum((1, 2)) * {size}).tolist()",
        *_ordered(info),
        '    print(f"{probability:.6f} {name}")',
        "across, down = small.width / image.width, small.height / image.height",
        "box = (left - x0) / across, (top - y0) / down, (right - left) / across, (bottom - top) / down",
        'print("x {:.2f}, y {:.2f}, width {:.2f}, height {:.2f}".format(*box))',
        *foreign_lines(info.decision),
        *unsure_lines(info.decision),
    ]
    return "\n".join(lines)


def _ordered(info: BundleInfo) -> list[str]:
    """Return the line that goes through the five first classes, and those before it that a decision needs."""
    moved = threshold_lines(info)
    if not moved and not unsure_lines(info.decision):
        return ["for probability, name in sorted(zip(probabilities, info['classes']), reverse=True)[:5]:"]
    return [
        "answers = sorted(zip(probabilities, info['classes']), reverse=True)",
        *moved,
        "for probability, name in answers[:5]:",
    ]
