"""The demo's page: a photo in, its most likely classes and a heatmap out."""

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Any

import gradio as gr
from gradio.components.label import LabelConfidence, LabelData

from core.errors import StudioError
from core.inspection.explaining.explanation import overlay
from core.inspection.explaining.methods import METHODS, STAGES
from core.inspection.predicting.predictor import Predictor
from demo_parts.computing import (
    PREDICTED_CLASS,
    Computing,
    Visit,
    decoded,
    explain_image,
    explained,
    predict_image,
)
from demo_parts.files import MAX_SAMPLES, example_photos
from demo_parts.texts import (
    COMPUTING,
    CONFIDENCE,
    FAILED,
    METHOD_INFO,
    PROMPT,
    STAGE_INFO,
    alert,
    caption,
    counted,
    doubt,
    head,
    names,
)

HOUR_SECONDS = 3600

Outputs = tuple[Any, ...]


def page(predictor: Predictor, computing: Computing | None = None) -> gr.Blocks:
    """The demo of one model."""
    computing = computing or Computing(partial(predict_image, predictor), partial(explain_image, predictor))
    with gr.Blocks(title=f"{predictor.name} · ResNet Studio", delete_cache=(HOUR_SECONDS, HOUR_SECONDS)) as blocks:
        gr.HTML(head(predictor), padding=False)
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
                # Take the uploaded file undecoded: core.data.limited decodes it within limits and explains errors.
                # (For a subclass Gradio would write a .pyi file beside this one.)
                photo.preprocess = lambda payload: payload and payload.path  # type: ignore[method-assign, assignment, return-value]
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
                label.postprocess = label_data  # type: ignore[method-assign, assignment]
                doubts = gr.HTML(elem_id="doubt", padding=False)
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
                under = gr.HTML(caption(PROMPT), padding=False)
                opacity = gr.Slider(0, 1, 0.5, step=0.05, label="Heatmap opacity")
                with gr.Accordion("Heatmap settings", open=False):
                    methods = [(info.label + (" (slow)" if info.slow else ""), name) for name, info in METHODS.items()]
                    method = gr.Dropdown(methods, value="gradcam", label="Method", info=METHOD_INFO)
                    target = gr.Dropdown(choices(predictor), value=PREDICTED_CLASS, label="Evidence for")
                    stage = gr.Radio(STAGES, value="layer4", label="Stage", info=STAGE_INFO)
                with gr.Accordion(f"All {counted(predictor.classes)} of this model", open=False):
                    gr.HTML(names(predictor.classes), padding=False)

        def ask(path: str | None, method: str, stage: str, target: int, opacity: float, visit: Visit) -> Outputs:
            """Remember the visitor's latest question, and empty the answer to the one before."""
            same_photo = visit.question is not None and visit.question[0] == path
            visit.question, visit.explanation, visit.opacity = (path, method, stage, target), None, opacity
            same = gr.skip()
            classes, doubtful = (same, same) if same_photo else (None, "")
            return classes, doubtful, None, caption(COMPUTING if path else PROMPT), "", visit

        def ask_about_new_photo(path: str | None, method: str, stage: str, opacity: float, visit: Visit) -> Outputs:
            """A new photo starts with its predicted class."""
            return *ask(path, method, stage, PREDICTED_CLASS, opacity, visit), PREDICTED_CLASS

        def answer(visit: Visit) -> Outputs:
            """Answer the latest question, unless it was answered already; a newer one gets an answer of its own."""
            question, nothing = visit.question, (gr.skip(),) * 6
            if question is None or question[0] is None or visit.explanation:
                return nothing
            try:
                explanation = explained(computing, *question)
            except StudioError as error:
                said = (None, "", None, caption(PROMPT), alert(str(error)), gr.skip())
                return said if visit.question == question else nothing
            if visit.question != question:
                return nothing
            visit.explanation = explanation
            classes = dict(explanation.prediction.ranked)
            # The most likely classes come first in the menu.
            menu = gr.Dropdown(choices(predictor, list(classes)))
            picture, told = overlay(explanation, visit.opacity), caption(explanation.sentence, True)
            return classes, doubt(explanation.prediction), picture, told, "", menu

        def redraw(opacity: float, visit: Visit) -> Any:
            visit.opacity = opacity
            return overlay(visit.explanation, opacity) if visit.explanation else gr.skip()

        def explain_for_programs(path: str | None, method: str, stage: str, target: int, opacity: float) -> Outputs:
            try:
                explanation = explained(computing, path, method, stage, target)
            except StudioError as error:
                raise gr.Error(escape(str(error), quote=False), print_exception=False) from error
            return (
                dict(explanation.prediction.ranked),
                overlay(explanation, opacity),
                doubt(explanation.prediction) + caption(explanation.sentence, True),
            )

        def predict_for_programs(path: str | None) -> dict[str, float]:
            try:
                return dict(computing.predict(decoded(path)).ranked)
            except StudioError as error:
                raise gr.Error(escape(str(error), quote=False), print_exception=False) from error

        shown = [label, doubts, heatmap, under, problem]
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
            answered.failure(lambda: (caption(PROMPT), alert(FAILED)), None, [under, problem], **at_once)
        opacity.change(redraw, [opacity, visit], heatmap, **{**at_once, "trigger_mode": "always_last"})
        gr.Button(visible=False).click(predict_for_programs, photo, label, api_name="predict")
        gr.Button(visible=False).click(explain_for_programs, settings, [label, heatmap, under], api_name="explain")
    return blocks


def choices(predictor: Predictor, first: Sequence[str] = ()) -> list[tuple[str, int]]:
    """The menu of target classes in alphabetical order, with the classes in ``first`` on top."""
    names = predictor.classes
    order = sorted(range(len(names)), key=lambda number: names[number].lower())
    top = [names.index(name) for name in first]
    numbers = [*top, *(number for number in order if number not in top)]
    return [("the predicted class", PREDICTED_CLASS), *((names[number], number) for number in numbers)]


def label_data(classes: dict[str, float] | None) -> LabelData | dict[str, float]:
    """Return the classes with their confidences in the given order, for Gradio's label."""
    if not classes:
        return {}
    confidences = [LabelConfidence(label=name, confidence=share) for name, share in classes.items()]
    return LabelData(label=confidences[0].label, confidences=confidences)
