"""The Gradio demo of one model: upload a photo, see its most likely classes and a heatmap.

    python demo.py              the ImageNet model
    python demo.py bundle       an exported bundle or a run folder
    python demo.py bundle --write-space DIR
                                write the folder of a Hugging Face Space instead of opening the page

Without an argument, RESNET_STUDIO_BUNDLE names the model. The page listens on this machine only, unless
GRADIO_SERVER_NAME is set.
"""

# ruff: noqa: T201  (a program: it prints its address)

import argparse
import os
import sys
from collections.abc import Callable
from functools import wraps
from html import escape
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

# Gradio reads this once, on import: it sends no usage data.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from gradio.data_classes import ImageData
from PIL import Image

from core.data.pictures.decoding import decode
from core.errors import StudioError, WeightsUnavailable
from core.inspection.explaining.cam import explain
from core.inspection.explaining.explanation import Explanation, overlay
from core.inspection.explaining.methods import METHODS, STAGES
from core.inspection.predicting.predictor import IMAGENET, Predictor
from core.models.bundle import has_bundle

HERE = Path(__file__).resolve().parent
EXAMPLE_FOLDERS = ("sample_images/photos", "sample_images/birds/images")
PREDICTED_CLASS = -1
PROMPT = "Choose a photo. The heatmap shows which parts are evidence for the class."
MAX_SAMPLES = 12
MAX_QUEUE = 32
HOUR_SECONDS = 3600

P = ParamSpec("P")
R = TypeVar("R")

THEME = gr.themes.Base(
    primary_hue="teal",
    secondary_hue="teal",
    neutral_hue="slate",
    radius_size="lg",
    font=["ui-sans-serif", "system-ui", "sans-serif"],
    font_mono=["ui-monospace", "Consolas", "monospace"],
).set(
    body_background_fill="#fdfdfc",
    body_background_fill_dark="#111716",
    block_background_fill="#ffffff",
    block_background_fill_dark="#1c2524",
    background_fill_primary_dark="#1c2524",
    background_fill_secondary_dark="#161e1d",
    input_background_fill_dark="#161e1d",
    border_color_primary_dark="#2e3a38",
    block_border_color_dark="#2e3a38",
    checkbox_label_background_fill="#f1f4f3",
    checkbox_label_background_fill_dark="#161e1d",
    checkbox_label_background_fill_hover_dark="#222c2b",
    stat_background_fill="#0f766e",
    stat_background_fill_dark="#2dd4bf",
    slider_color="#0f766e",
    slider_color_dark="#2dd4bf",
)

STYLE = """
.gradio-container { max-width: 1180px !important; margin: 0 auto !important; }
#head { display: flex; gap: 0.8rem; align-items: center; margin-bottom: 0.4rem; }
#head h1 { font-size: 1.6rem; line-height: 1.2; margin: 0; font-weight: 650; }
#head p { margin: 0.15rem 0 0; opacity: 0.75; }
#head svg { flex: none; }
.dark #head [fill="#ffffff"] { fill: #111716; }
.dark #head [fill="#0f766e"] { fill: #2dd4bf; }
.dark #head [stroke="#0f766e"] { stroke: #2dd4bf; }
.dark #head [stroke="#ffffff"] { stroke: #111716; }
#heatmap img { width: 100%; height: 100%; object-fit: contain; }
#caption p { margin: 0; }
#classes button { font-family: inherit; }
#samples .gallery-item .container, #samples .gallery-item img { height: 80px; object-fit: cover; }
"""

MARK = (HERE / "assets" / "mark.svg").read_text(encoding="utf-8")


def plain_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Show an error that the user can fix as a sentence on the page."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except StudioError as error:
            raise gr.Error(escape(str(error), quote=False), print_exception=False) from error

    return wrapped


def page(predictor: Predictor) -> gr.Blocks:
    """The demo of one model."""
    with gr.Blocks(title=f"ResNet Studio: {predictor.name}", delete_cache=(HOUR_SECONDS, HOUR_SECONDS)) as blocks:
        gr.HTML(_head(f"{predictor.name}: {predictor.arch} with {len(predictor.classes)} classes"), padding=False)
        kept = gr.State(None, time_to_live=HOUR_SECONDS)
        with gr.Row(equal_height=False):
            with gr.Column():
                photo = gr.Image(label="Photo", sources=["upload", "clipboard", "webcam"], height=380, buttons=[])
                # Take the uploaded file undecoded: core.data.pictures.decoding checks its size and explains errors.
                # (For a subclass Gradio would write a .pyi file beside this one.)
                photo.preprocess = _file_of  # type: ignore[method-assign]
                if examples := example_photos():
                    # Not gr.Examples: it creates the image field anew, without the line above.
                    samples = gr.Dataset(
                        components=[gr.Image(render=False)],
                        samples=examples,
                        label="Sample photos",
                        samples_per_page=MAX_SAMPLES,
                        elem_id="samples",
                    )
                    samples.click(
                        lambda sample: sample[0], samples, photo, show_progress="hidden", api_visibility="private"
                    )
                label = gr.Label(label="Most likely classes", num_top_classes=5, elem_id="classes")
            with gr.Column():
                heatmap = gr.Image(
                    label="Where the model looked",
                    height=380,
                    interactive=False,
                    format="png",
                    buttons=["download", "fullscreen"],
                    elem_id="heatmap",
                )
                caption = gr.HTML(_caption(PROMPT), padding=False)
                opacity = gr.Slider(0, 1, 0.5, step=0.05, label="Heatmap opacity")
                with gr.Row():
                    method = gr.Dropdown(
                        [(info.label + (" (slow)" if info.slow else ""), name) for name, info in METHODS.items()],
                        value="gradcam",
                        label="Method",
                        min_width=140,
                    )
                    target = gr.Dropdown(
                        _choices(predictor), value=PREDICTED_CLASS, label="Evidence for", min_width=200
                    )
                stage = gr.Radio(
                    STAGES,
                    value="layer4",
                    label="Stage",
                    info="Early stages detect small patterns, late stages whole objects.",
                )

        @plain_errors
        def explain_photo(path: str | None, method: str, stage: str, target: int, opacity: float) -> tuple[Any, ...]:
            if path is None:
                return None, None, _caption(PROMPT), None
            picture = decode(Path(path), "The photo").image
            chosen = None if target == PREDICTED_CLASS else target
            explanation = explain(predictor, picture, method=method, stage=stage, target=chosen)
            classes = dict(explanation.prediction.ranked)
            return classes, overlay(explanation, opacity), _caption(explanation.sentence), explanation

        def explain_new_photo(path: str | None, method: str, stage: str, opacity: float) -> tuple[Any, ...]:
            result = explain_photo(path, method, stage, PREDICTED_CLASS, opacity)
            choices = _choices(predictor, list(result[0] or ()))
            return *result, gr.Dropdown(choices, value=PREDICTED_CLASS)

        def redraw_overlay(explanation: Explanation | None, opacity: float) -> Image.Image | None:
            return overlay(explanation, opacity) if explanation else None

        outputs = [label, heatmap, caption, kept]
        # A new photo starts with its predicted class; its most likely classes come first in the menu.
        photo.change(
            explain_new_photo,
            [photo, method, stage, opacity],
            [*outputs, target],
            show_progress_on=heatmap,
            api_visibility="private",
        )
        settings = [photo, method, stage, target, opacity]
        changed = [method.input, stage.input, target.input]
        gr.on(changed, explain_photo, settings, outputs, show_progress_on=heatmap, api_name="explain")
        opacity.change(redraw_overlay, [kept, opacity], heatmap, show_progress="hidden", api_visibility="private")
    return blocks


def page_without_model(reason: str) -> gr.Blocks:
    """The page without weights: one sentence on what to do, with the reasons folded away."""
    sentence = (
        "The pretrained weights could not be downloaded, so no model is loaded. Connect this machine to the internet "
        "and start the demo again, or start it with your own exported bundle: python demo.py BUNDLE."
    )
    with gr.Blocks(title="ResNet Studio") as blocks:
        gr.HTML(_head("No model is loaded"), padding=False)
        gr.HTML(f"<p>{sentence}</p><details><summary>Why</summary>{escape(reason)}</details>", padding=False)
    return blocks


def example_photos() -> list[list[str]]:
    """The sample photos: all single ones, then birds spread over their set."""
    single, birds = (sorted((HERE / folder).glob("*.jpg")) for folder in EXAMPLE_FOLDERS)
    room = max(0, MAX_SAMPLES - len(single))
    return [[str(path)] for path in [*single, *birds[:: len(birds) // room + 1 if room else 1][:room]]]


def load(reference: str) -> Predictor:
    """Load a bundle folder, a run folder (its best model) or the word imagenet."""
    folder = Path(reference)
    if reference != IMAGENET and not has_bundle(folder) and has_bundle(folder / "best"):
        predictor = Predictor.load(folder / "best")
        predictor.name = folder.resolve().name
        return predictor
    return Predictor.load(reference, progress=ConsoleProgress())


def write_space(model: str, out: Path) -> int:
    """Write the folder of a Space and print how to upload it. Return the exit status."""
    # Imported here, because a Space does not contain the code that writes Spaces.
    from core.export.space import write_demo_space

    try:
        write_demo_space(model, out)
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{out} is ready. To upload it:\n  hf upload USER/NAME {out} . --type space")
    return 0


class ConsoleProgress:
    """Print the progress of a download, one line per 10 %."""

    def __init__(self) -> None:
        self.last_line = ""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        line = f"{what}: {10 * (10 * done // total)}%" if total else what
        if line != self.last_line:
            print(line, file=sys.stderr, flush=True)
            self.last_line = line


def _file_of(payload: ImageData | None) -> str | None:
    """The path of the uploaded photo."""
    return payload.path if payload else None


def _choices(predictor: Predictor, first: list[str] | None = None) -> list[tuple[str, int]]:
    """The menu of target classes in alphabetical order, with the classes in ``first`` on top."""
    names = predictor.classes
    order = sorted(range(len(names)), key=lambda number: names[number].lower())
    top = [names.index(name) for name in first or []]
    numbers = [*top, *(number for number in order if number not in top)]
    return [("the predicted class", PREDICTED_CLASS), *((names[number], number) for number in numbers)]


def _head(sentence: str) -> str:
    return f'<div id="head">{MARK}<div><h1>ResNet Studio</h1><p>{escape(sentence)}</p></div></div>'


def _caption(sentence: str) -> str:
    return f'<p id="caption">{escape(sentence)}</p>'


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="a bundle folder, a run folder, or the word imagenet")
    parser.add_argument("--port", type=int, help="the port to listen on (default: the first free one from 7860)")
    parser.add_argument("--write-space", type=Path, metavar="DIR", help="write the folder of a Space and exit")
    options = parser.parse_args(arguments)
    model = options.model or os.environ.get("RESNET_STUDIO_BUNDLE") or IMAGENET
    if options.write_space:
        return write_space(model, options.write_space)
    try:
        predictor = load(model)
    except WeightsUnavailable as error:
        print(error, file=sys.stderr)
        blocks = page_without_model(str(error))
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    else:
        blocks = page(predictor)
    blocks.queue(max_size=MAX_QUEUE)
    _, address, _ = blocks.launch(
        server_port=options.port,
        theme=THEME,
        css=STYLE,
        favicon_path=HERE / "assets" / "favicon.svg",
        footer_links=[],
        max_file_size="64mb",
        run_history=False,
        state_session_capacity=200,
        ssr_mode=False,
        quiet=True,
        allowed_paths=[str(HERE / folder) for folder in EXAMPLE_FOLDERS],
        prevent_thread_lock=True,
    )
    print(f"The demo is open at {address}  (Ctrl+C stops it)", flush=True)
    blocks.block_thread()
    return 0


if __name__ == "__main__":
    sys.exit(main())
