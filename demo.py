"""The Gradio demo of one model: upload a photo, see its most likely classes and a heatmap.

    python demo.py              the ImageNet model
    python demo.py bundle       an exported bundle or a run folder
    python demo.py bundle --write-space DIR
                                write the folder of a Hugging Face Space instead of opening the page

Without an argument, RESNET_STUDIO_BUNDLE names the model. The page listens on this machine only, unless
GRADIO_SERVER_NAME is set.
"""

# ruff: noqa: T201, E402  (a program that prints its address, and that sets what Gradio reads on import)

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C during the imports, which take seconds, ends quietly

# Gradio reads these once, on import. It sends no usage data; a port that is not a number would be a traceback; and it
# asks its own page whether it is there, which no proxy can answer.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
PORT = os.environ.pop("GRADIO_SERVER_PORT", None)
for variable in ("NO_PROXY", "no_proxy"):
    os.environ[variable] = ",".join(filter(None, (os.environ.get(variable), "localhost,127.0.0.1,::1")))

import gradio as gr
from gradio.components.label import LabelConfidence, LabelData
from PIL.Image import Image

from core.data.pictures.decoding import decode
from core.errors import DataError, StudioError, WeightsUnavailable
from core.inspection.explaining.cam import explain
from core.inspection.explaining.explanation import Explanation, overlay
from core.inspection.explaining.methods import METHODS, STAGES
from core.inspection.predicting.doubt_sentence import doubt_sentence
from core.inspection.predicting.predictions import Prediction
from core.inspection.predicting.predictor import IMAGENET, Predictor
from core.models.zoo import network_name

HERE = Path(__file__).resolve().parent
ASSETS = HERE / "assets"
EXAMPLE_FOLDERS = ("sample_images/photos", "sample_images/birds/images")
IMAGENET_NAME = "ResNet-50, ImageNet"
PREDICTED_CLASS = -1
PURPOSE = "Choose a photo: the model predicts what it shows, and a heatmap shows where it looked."
PROMPT = "Here you will see which parts of the photo are evidence for the class."
COMPUTING = "Computing the prediction and the heatmap ..."
NO_WEIGHTS = "There are no ImageNet weights. Connect to the internet, or choose your own model: python demo.py BUNDLE"
FAILED = "There is no answer to this photo. Choose it again in a moment."
CONFIDENCE = (
    "<b>Confidence</b> is how sure the model is of a class. It can only name its own classes, whatever the photo shows."
)
METHOD_INFO = "Different ways to compute a heatmap. Grad-CAM is the usual first choice."
STAGE_INFO = "Early stages detect small patterns, late stages whole objects."
MAX_SAMPLES = 12
MAX_QUEUE = 32
HOUR_SECONDS = 3600
NAMED_CLASSES = 5

Question = tuple[str | None, str, str, int]  # the photo's file, the method, the stage, the class
Outputs = tuple[Any, ...]

THEME = json.loads((ASSETS / "demo_theme.json").read_text(encoding="utf-8"))
MARK = (ASSETS / "mark.svg").read_text(encoding="utf-8")


@dataclass
class Visit:
    """A visitor's latest question with its answer, and the opacity of the heatmap."""

    question: Question | None = None
    explanation: Explanation | None = None
    opacity: float = 0.5


@dataclass(frozen=True)
class Computing:
    """What needs the network; a Space on ZeroGPU runs it in another process than the page."""

    predict: Callable[[Image], Prediction]
    explain: Callable[[Image, str, str, int | None], Explanation]


def predict_image(predictor: Predictor, image: Image) -> Prediction:
    return predictor.predict([image])[0]


def explain_image(predictor: Predictor, image: Image, method: str, stage: str, target: int | None) -> Explanation:
    return explain(predictor, image, method=method, stage=stage, target=target)


def page(predictor: Predictor, computing: Computing | None = None) -> gr.Blocks:
    """The demo of one model."""
    computing = computing or Computing(partial(predict_image, predictor), partial(explain_image, predictor))
    with gr.Blocks(title=f"{predictor.name} · ResNet Studio", delete_cache=(HOUR_SECONDS, HOUR_SECONDS)) as blocks:
        gr.HTML(_head(predictor), padding=False)
        visit = gr.State(Visit(), time_to_live=HOUR_SECONDS)
        with gr.Row(equal_height=False, elem_id="demo"):
            with gr.Column():
                photo = gr.Image(
                    label="Photo",
                    sources=["upload", "clipboard", "webcam"],
                    height=340,
                    buttons=[],
                    alt_text="The photo",
                    elem_id="photo",
                )
                # Take the uploaded file undecoded: core.data.pictures.decoding checks its size and explains errors.
                # (For a subclass Gradio would write a .pyi file beside this one.)
                photo.preprocess = lambda payload: payload and payload.path  # type: ignore[method-assign]
                problem = gr.HTML(elem_id="problem", padding=False)
                if examples := example_photos():
                    # Not gr.Examples: it creates the image field anew, without the line above.
                    samples = gr.Dataset(
                        components=[gr.Image(render=False)],
                        samples=examples,
                        label="No photo at hand? Choose one of these",
                        samples_per_page=MAX_SAMPLES,
                        elem_id="samples",
                    )
                    samples.click(
                        lambda sample: sample[0], samples, photo, show_progress="hidden", api_visibility="private"
                    )
            with gr.Column():
                label = gr.Label(label="Most likely classes", num_top_classes=5, elem_id="classes")
                # Gradio would sort by confidence: a threshold may choose another class than the likeliest.
                label.postprocess = _label_data  # type: ignore[method-assign]
                doubt = gr.HTML(elem_id="doubt", padding=False)
                gr.HTML(f'<p class="hint">{CONFIDENCE}</p>', padding=False)
                heatmap = gr.Image(
                    label="Heatmap: where the model looked",
                    height=340,
                    interactive=False,
                    format="png",
                    buttons=["download", "fullscreen"],
                    alt_text="The photo under its heatmap",
                    elem_id="heatmap",
                )
                caption = gr.HTML(_caption(PROMPT), padding=False)
                opacity = gr.Slider(0, 1, 0.5, step=0.05, label="Heatmap opacity")
                with gr.Accordion("Heatmap settings", open=False):
                    methods = [(info.label + (" (slow)" if info.slow else ""), name) for name, info in METHODS.items()]
                    method = gr.Dropdown(methods, value="gradcam", label="Method", info=METHOD_INFO)
                    target = gr.Dropdown(_choices(predictor), value=PREDICTED_CLASS, label="Evidence for")
                    stage = gr.Radio(STAGES, value="layer4", label="Stage", info=STAGE_INFO)
                with gr.Accordion(f"All {_counted(predictor.classes)} of this model", open=False):
                    gr.HTML(_names(predictor.classes), padding=False)

        def ask(path: str | None, method: str, stage: str, target: int, opacity: float, visit: Visit) -> Outputs:
            """Remember the visitor's latest question, and empty the answer to the one before."""
            same_photo = visit.question is not None and visit.question[0] == path
            visit.question, visit.explanation, visit.opacity = (path, method, stage, target), None, opacity
            same = gr.skip()
            classes, doubtful = (same, same) if same_photo else (None, "")
            return classes, doubtful, None, _caption(COMPUTING if path else PROMPT), "", visit

        def ask_about_new_photo(path: str | None, method: str, stage: str, opacity: float, visit: Visit) -> Outputs:
            """A new photo starts with its predicted class."""
            return *ask(path, method, stage, PREDICTED_CLASS, opacity, visit), PREDICTED_CLASS

        def answer(visit: Visit) -> Outputs:
            """Answer the latest question, unless it was answered already; a newer one gets an answer of its own."""
            question, nothing = visit.question, (gr.skip(),) * 6
            if question is None or question[0] is None or visit.explanation:
                return nothing
            try:
                explanation = _explained(computing, *question)
            except StudioError as error:
                said = (None, "", None, _caption(PROMPT), _alert(str(error)), gr.skip())
                return said if visit.question == question else nothing
            if visit.question != question:
                return nothing
            visit.explanation = explanation
            classes = dict(explanation.prediction.ranked)
            # The most likely classes come first in the menu.
            menu = gr.Dropdown(_choices(predictor, list(classes)))
            picture, caption = overlay(explanation, visit.opacity), _caption(explanation.sentence, True)
            return classes, _doubt(explanation.prediction), picture, caption, "", menu

        def redraw(opacity: float, visit: Visit) -> Any:
            visit.opacity = opacity
            return overlay(visit.explanation, opacity) if visit.explanation else gr.skip()

        def explain_for_programs(path: str | None, method: str, stage: str, target: int, opacity: float) -> Outputs:
            try:
                explanation = _explained(computing, path, method, stage, target)
            except StudioError as error:
                raise gr.Error(escape(str(error), quote=False), print_exception=False) from error
            return (
                dict(explanation.prediction.ranked),
                overlay(explanation, opacity),
                _doubt(explanation.prediction) + _caption(explanation.sentence, True),
            )

        def predict_for_programs(path: str | None) -> dict[str, float]:
            try:
                return dict(computing.predict(_decoded(path)).ranked)
            except StudioError as error:
                raise gr.Error(escape(str(error), quote=False), print_exception=False) from error

        shown = [label, doubt, heatmap, caption, problem]
        private: dict[str, Any] = {"api_visibility": "private", "trigger_mode": "multiple"}
        at_once: dict[str, Any] = {**private, "queue": False, "show_progress": "hidden"}
        # In the browser, before the server is asked: no answer stays beside a photo that it does not belong to.
        photo.change(None, None, shown, js="() => [{}, '', null, '', '']", **private)
        settings = [photo, method, stage, target, opacity]
        new_photo = [photo, method, stage, opacity, visit]
        for asked in (
            photo.change(ask_about_new_photo, new_photo, [*shown, visit, target], **at_once),
            gr.on([method.input, stage.input, target.input], ask, [*settings, visit], [*shown, visit], **at_once),
        ):
            answered = asked.then(answer, visit, [*shown, target], show_progress_on=[label, heatmap], **private)
            answered.failure(lambda: (_caption(PROMPT), _alert(FAILED)), None, [caption, problem], **at_once)
        opacity.change(redraw, [opacity, visit], heatmap, **{**at_once, "trigger_mode": "always_last"})
        gr.Button(visible=False).click(predict_for_programs, photo, label, api_name="predict")
        gr.Button(visible=False).click(explain_for_programs, settings, [label, heatmap, caption], api_name="explain")
    return blocks


def example_photos() -> list[list[str]]:
    """The sample photos: all single ones, then birds spread over their set."""
    single, birds = (sorted((HERE / folder).glob("*.jpg")) for folder in EXAMPLE_FOLDERS)
    room = max(0, MAX_SAMPLES - len(single))
    return [[str(path)] for path in [*single, *birds[:: len(birds) // room + 1 if room else 1][:room]]]


def find_model(reference: str) -> tuple[str, str]:
    """Return the bundle that a reference means, and its name for people: a run's title, or the folder's name."""
    if reference == IMAGENET:
        return IMAGENET, IMAGENET_NAME
    folder = Path(reference).resolve()
    if not any((place / "status.json").is_file() for place in (folder, folder.parent)):
        return str(folder), folder.name
    # Imported here, because a Space has one bundle and does not contain the code of runs.
    from core.runs.models import titled_bundle

    bundle, title = titled_bundle(folder)
    return str(bundle), title


def write_space(model: str, name: str | None, out: Path) -> None:
    """Write the folder of a Space and print how to upload it."""
    # Imported here, because a Space does not contain the code that writes Spaces.
    from core.export.space import write_demo_space

    bundle, own_name = find_model(model)
    write_demo_space(bundle, out, name or own_name)
    print(f"{out} is ready. To upload it:\n  hf upload USER/NAME {out} . --type space")


class ConsoleProgress:
    """Print the progress of a download, one line per 10 %."""

    def __init__(self) -> None:
        self.last_line = ""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        line = f"{what}: {10 * (10 * done // total)}%" if total else what
        if line != self.last_line:
            print(line, file=sys.stderr, flush=True)
            self.last_line = line


def _decoded(path: str | None) -> Image:
    if path is None:
        raise DataError("There is no photo. Choose one.")
    return decode(Path(path), "The photo").image


def _explained(computing: Computing, path: str | None, method: str, stage: str, target: int) -> Explanation:
    return computing.explain(_decoded(path), method, stage, None if target == PREDICTED_CLASS else target)


def _choices(predictor: Predictor, first: Sequence[str] = ()) -> list[tuple[str, int]]:
    """The menu of target classes in alphabetical order, with the classes in ``first`` on top."""
    names = predictor.classes
    order = sorted(range(len(names)), key=lambda number: names[number].lower())
    top = [names.index(name) for name in first]
    numbers = [*top, *(number for number in order if number not in top)]
    return [("the predicted class", PREDICTED_CLASS), *((names[number], number) for number in numbers)]


def _counted(names: Sequence[str]) -> str:
    return f"{len(names):,} {'class' if len(names) == 1 else 'classes'}"


def _head(predictor: Predictor) -> str:
    names = predictor.classes
    some = f": {', '.join(names)}" if len(names) <= NAMED_CLASSES else ""
    model = escape(f"{network_name(predictor.arch)} with {_counted(names)}{some}.")
    return f'<div id="head">{MARK}<div><h1>{escape(predictor.name)}</h1><p>{model} {PURPOSE}</p></div></div>'


def _names(names: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(name)}</li>" for name in sorted(names, key=str.lower))
    return f'<ul id="names" tabindex="0" aria-label="Classes">{items}</ul>'


def _caption(sentence: str, of_answer: bool = False) -> str:
    return f'<p id="caption" role="status" class="{"answer" if of_answer else ""}">{escape(sentence)}</p>'


def _doubt(prediction: Prediction) -> str:
    """Say what the model's decision says against the answer, if it says anything."""
    sentence = doubt_sentence(prediction)
    return f'<p class="answer" role="status">{escape(sentence)}</p>' if sentence else ""


def _label_data(classes: dict[str, float] | None) -> LabelData | dict[str, float]:
    """Return the classes with their confidences in the given order, for Gradio's label."""
    if not classes:
        return {}
    confidences = [LabelConfidence(label=name, confidence=share) for name, share in classes.items()]
    return LabelData(label=confidences[0].label, confidences=confidences)


def _alert(sentence: str) -> str:
    return f'<p role="alert">{escape(sentence)}</p>'


def serve(blocks: gr.Blocks, port: int | None) -> None:
    """Open the page, print its address and wait for Ctrl+C."""
    blocks.queue(max_size=MAX_QUEUE)
    try:
        _, address, _ = blocks.launch(
            server_port=port,
            theme=gr.themes.Base(**THEME["base"]).set(**THEME["colours"]),
            css_paths=ASSETS / "demo.css",
            js=(ASSETS / "demo.js").read_text(encoding="utf-8"),
            favicon_path=ASSETS / "favicon.svg",
            footer_links=[],
            max_file_size="64mb",
            run_history=False,
            state_session_capacity=200,
            ssr_mode=False,
            quiet=True,
            allowed_paths=[str(HERE / folder) for folder in EXAMPLE_FOLDERS],
            prevent_thread_lock=True,
        )
    except OSError as error:
        found = f"Port {port} is" if port else "The ports from 7860 to 7959 are"
        raise StudioError(f"{found} taken or not allowed. Choose another port with --port.") from error
    print(f"The demo is open at {address}  (Ctrl+C stops it)", flush=True)
    try:
        while True:
            time.sleep(1)
    finally:
        blocks.close(verbose=False)


def checked_port(text: str | None) -> int | None:
    """Return a port from the command line or GRADIO_SERVER_PORT; raises StudioError for anything else."""
    if text and not (text.isdecimal() and text.isascii() and len(text) <= 5 and 0 < int(text) < 2**16):
        raise StudioError(f"{text[:20]!r} is not a port. Choose a number from 1 to 65535.")
    return int(text) if text else None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="a bundle folder, a run folder, or the word imagenet")
    parser.add_argument("--name", help="the page's heading (default: the run's or the folder's name)")
    parser.add_argument("--port", help="the port to listen on (default: the first free one from 7860)")
    parser.add_argument("--write-space", type=Path, metavar="DIR", help="write the folder of a Space and exit")
    options = parser.parse_args(arguments)
    model = options.model or os.environ.get("RESNET_STUDIO_BUNDLE") or IMAGENET
    try:
        if options.write_space:
            write_space(model, options.name, options.write_space)
            return 0
        checked_port(options.port or PORT)  # before the model is loaded
        folder, name = find_model(model)
        predictor = Predictor.load(folder, progress=ConsoleProgress())
        predictor.name = options.name or name
    except KeyboardInterrupt:
        return 0
    except StudioError as error:
        print(f"{NO_WEIGHTS}\n{error}" if isinstance(error, WeightsUnavailable) else error, file=sys.stderr)
        return 2
    return open_demo(predictor, port=options.port)


def open_demo(predictor: Predictor, computing: Computing | None = None, port: str | None = None) -> int:
    """Open the page until Ctrl+C; return the exit status."""
    try:
        blocks = page(predictor, computing)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        serve(blocks, checked_port(port or PORT))
    except KeyboardInterrupt:
        return 0
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
