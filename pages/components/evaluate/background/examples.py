"""The clearest examples: a photo in all variants, with the answer to each, and a link to its heatmap."""

import base64

import streamlit as st

from core.inspection.background.result import Background, Example, PhotoAnswers
from core.inspection.background.variants import BACKGROUND, BLURRED, MASKED, ORIGINAL, OTHER, SAME
from core.runs.folder import RunFolder
from pages.components.correcting import correct_labels
from pages.components.shared import frame
from pages.components.shared.charts import percent
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.wording import plain

SHORT = {
    ORIGINAL: "Original",
    OTHER: "Other class",
    SAME: "Same class",
    BACKGROUND: "Background only",
    MASKED: "Masked",
    BLURRED: "Blurred",
}
"""The variants as the cards name them, the most telling first: a phone shows three."""


def show(run: RunFolder, found: Background) -> None:
    """Draw the examples; those whose answer follows the background come first."""
    st.caption("Photos whose answers change most come first. The frames show what the model saw.")
    project = correct_labels.project_of(run)
    present = correct_labels.present_photos(project, [found.photos[one.photo].image for one in found.examples])
    for number, example in enumerate(found.examples):
        one = found.photos[example.photo]
        with st.container(key=f"background-example-{number}"):
            text = f"**{plain(one.filename)}**, labelled {plain(found.classes[one.label])}. {_what(found, one)}"
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(text, width="content")
                if one.image in present:
                    photo = str(present[one.image].id)
                    frame.link("Explain", "Explain this photo", width="content", model=run.id, image=photo)
            wall(
                _cards(found, one, example),
                key=f"background-row-{run.id}-{found.region}-{number}",
                label=f"Variants of {one.filename}",
                side=104,
                one_row=True,
            )


def _what(found: Background, one: PhotoAnswers) -> str:
    """Return what happens to the photo's answer on a background of another class."""
    if OTHER not in one.answers or one.other_from is None:
        return ""
    before, after = (found.classes[one.answers[variant].index] for variant in (ORIGINAL, OTHER))
    donor = found.photos[one.other_from]
    where = f"on a background from a photo of {plain(found.classes[donor.label])}"
    if before == after:
        return f"The answer stays {plain(after)} {where}."
    return f"The answer changes from {plain(before)} to {plain(after)} {where}."


def _cards(found: Background, one: PhotoAnswers, example: Example) -> list[WallPhoto]:
    cards = []
    for variant in SHORT:
        if variant not in example.pictures:
            continue
        answer = one.answers[variant]
        name = found.classes[answer.index]
        mark = "" if answer.index == one.label else "✗ "
        spoken = f"{SHORT[variant]}: {one.filename}{'' if answer.index == one.label else ', wrong'}"
        cards.append(
            WallPhoto(
                variant,
                base64.b64decode(example.pictures[variant]),
                caption=f"{mark}{name} {percent(answer.probability)}",
                note=SHORT[variant],
                muted=answer.index == one.label,
                name=spoken,
            )
        )
    return cards
