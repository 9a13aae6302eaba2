"""What a class is made of: the parts of its score, each shown by its strongest crops."""

import hashlib
from typing import TYPE_CHECKING

import plotly.graph_objects as go
import streamlit as st

from core.data.store.store import Project
from core.inspection.concepts.concepts import MOST_PHOTOS, Concepts, read_concepts
from core.inspection.concepts.factors import LEAST_FACTORS, MOST_FACTORS, USUAL_FACTORS
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.explain.concepts.class_photos import ClassPhotos, photos_by_class
from pages.components.shared import charts, frame
from pages.components.shared.charts import Palette
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.wording import chart_text, counted, plain

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

ABOUT = (
    "The last stage describes each place of a photo by many numbers. For the photos of one class, these are nearly "
    "sums of a few parts. Each part is shown by the crops where it is strongest, with what it adds to the score of the "
    "class. A part is a pattern of the model, so it need not have a name. The idea is that of CRAFT (Fel et al., 2023)."
)
ASKED = "concepts-asked"


def show(predictor: "Predictor", project: Project | None, reference: str) -> None:
    """Draw the choice of the class and of how many parts, and the parts.

    ``reference`` names the predictor's model: a run of the workspace, or the ImageNet model.
    """
    st.caption(ABOUT)
    classes = {one.label: one for one in photos_by_class(project, reference)}
    if not classes:
        _say_what_is_missing(project)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            "Class", list(classes), key=f"concepts-class-{reference}", width=260,
            format_func=lambda name: f"{name} ({counted(len(classes[name].photos), 'photo')})",
        )  # fmt: skip
        count = st.slider(
            "Parts", LEAST_FACTORS, MOST_FACTORS, USUAL_FACTORS, key="concepts-count", width=220,
            help="With more parts, each is narrower and less is left out.",
        )  # fmt: skip
    chosen = classes[label]
    target = predictor.classes.index(label) if label in predictor.classes else None
    computation = Computation("concepts", _key(predictor, reference, chosen, count))
    if st.session_state.get(ASKED) != computation.key:
        st.button(
            "Find the parts", type="primary", key="concepts-go", on_click=_ask, args=(computation.key,),
            help=f"Looks at up to {MOST_PHOTOS} photos of the class; the test photos are left out.",
        )  # fmt: skip
        return
    found = computation.kept(lambda: _request(reference, chosen, target, count), "Find the parts")
    if found is not None:
        _show_parts(read_concepts(found), asked=label)


def _say_what_is_missing(project: Project | None) -> None:
    if project is None:
        frame.empty_state("No project yet", "Open a project with labelled photos.", "Go to Home", "Home")
    else:
        frame.empty_state(
            "No labelled photos yet",
            "Label photos first: the parts are those of one class.",
            "Label photos",
            "Annotate",
        )


def _key(predictor: "Predictor", reference: str, chosen: ClassPhotos, count: int) -> str:
    photos = hashlib.sha256(" ".join(content for content, _, _ in chosen.photos).encode()).hexdigest()[:16]
    return f"parts {reference} {predictor.version} {photos} {count} {chosen.label}"


def _ask(key: str) -> None:
    st.session_state[ASKED] = key


def _request(reference: str, chosen: ClassPhotos, target: int | None, count: int) -> Request:
    model = {"workspace": str(frame.workspace().root), "model": reference}
    return Request("take-apart", {**model, "photos": chosen.photos, "target": target, "count": count})


def _show_parts(found: Concepts, asked: str) -> None:
    if found.label != asked:
        st.info(
            f"This model has no class {plain(asked)}. The parts are those of the score of **{plain(found.label)}**, "
            "which it predicts most often for these photos.",
            icon=":material/info:",
        )
    st.plotly_chart(
        parts_chart(found, charts.palette(frame.is_dark())),
        key="concepts-chart",
        config={"displayModeBar": False},
        alt=found.sentence,
    )
    st.markdown(plain(found.sentence))
    st.caption(
        f"Means over {counted(found.photos, 'photo')}. The parts reproduce {found.explained:.0%} of the feature maps. "
        "The sum is exact, because the head adds up the means of the maps. How they are divided into parts is one of "
        "many possible ways."
    )
    for number, concept in enumerate(found.concepts, 1):
        st.markdown(f"**Part {number}** adds {concept.adds:+.2f}{_share(concept.share)}")
        cards = [
            WallPhoto(str(place), crop.picture, name=crop.name, caption="", note=crop.name.rsplit("/", 1)[-1])
            for place, crop in enumerate(concept.crops)
        ]
        if cards:
            wall(
                cards, key=f"concepts-crops-{number}", label=f"Strongest crops of part {number}", side=96, one_row=True
            )
        else:
            st.caption("It is active nowhere in these photos.")
    if found.refused:
        named = "; ".join(plain(one) for one in found.refused[:3])
        more = len(found.refused) - 3
        st.warning(
            f"{counted(len(found.refused), 'photo')} could not be read: {named}"
            + (f"; and {more:,} more." if more > 0 else ""),
            icon=":material/info:",
        )


def _share(share: float | None) -> str:
    return "" if share is None else f", {share:.0%} of the score"


def parts_chart(found: Concepts, colors: Palette) -> go.Figure:
    """Plot what each part and the remainder add to the class's score, the first part on top."""
    names = [*(f"Part {number}" for number in range(1, len(found.concepts) + 1)), "Rest"]
    values = [*(one.adds for one in found.concepts), found.remainder]
    shades = [*[colors.accent] * len(found.concepts), charts.rgba(colors.quiet, 0.55)]
    figure = go.Figure(
        go.Bar(
            y=list(range(len(names)))[::-1],
            x=values,
            orientation="h",
            marker={"color": shades},
            text=[f"{value:+.2f}" for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x:+.3f}<extra></extra>",
            width=0.62,
        )
    )
    low, high = min(0.0, *values), max(0.0, *values)
    room = 0.18 * ((high - low) or 1.0)
    figure.update_xaxes(range=[low - (room if low < 0 else 0), high + room], showticklabels=False)
    figure.update_yaxes(tickvals=list(range(len(names)))[::-1], ticktext=names, showgrid=False, ticksuffix="  ")
    title = f"What adds to the score of {chart_text(found.label)}"
    return charts.styled(figure, colors, title, height=32 * len(names) + 46, legend=False, x_title=None)
