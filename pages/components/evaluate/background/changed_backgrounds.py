"""Changed backgrounds: the choice of what counts as the object, the computation, the verdict and its details."""

import streamlit as st

from core.inspection.background import figures, words
from core.inspection.background.photo_notes import PhotoNotes
from core.inspection.background.regions import REGIONS, Region
from core.inspection.background.result import Background
from core.inspection.background.variants import VARIANTS
from core.runs.computations.background import request_arguments
from core.runs.folder import RunFolder
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.evaluate.background import background_charts, examples, flips_table, run_photos
from pages.components.glossary.terms import explained
from pages.components.shared import charts, frame
from pages.components.shared.widget_memory import remember_choice, remembered_choice
from pages.components.shared.wording import counted, plain

STATIC = {"displayModeBar": False}
COUNTS = (60, 120, 240, 480)
USUAL = 120
EXAMPLES, BY_CLASS = "Examples", "Flips by class"


def show(run: RunFolder) -> None:
    """Draw the choices, the button, and the result once it is computed."""
    st.markdown(
        "Does the model look at the object, or at what is around it? The background of validation photos is changed, "
        "and the model answers again.",
        help=explained("shortcut"),
    )
    notes, images = run_photos.notes_of(run), run_photos.validation_images(run)
    if not images:
        st.info("This run has no validation photos. Add photos, then train again.", icon=":material/info:")
        return
    boxed = sum(image in notes.boxes for image in images)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        region = _choose_region(run, boxed, len(images))
        photos = _choose_count(len(images))
        found = run_photos.result_of(run, region, notes)
        computation = Computation("background", f"{run_photos.key_of(run, region, notes)} {photos}")
        # A result of fewer photos would replace one with narrower intervals.
        done = found is not None and len(found.photos) + len(found.left_out) >= photos
        if not done:
            st.button(
                "Change the backgrounds" if found is None else "Change more backgrounds",
                icon=":material/play_arrow:",
                type="primary" if found is None else "secondary",
                key="background-start",
                on_click=computation.start,
                disabled=computation.started,
            )
    st.caption(f"The object: {REGIONS[region].object}. {_boxes_remark(boxed, len(images))}".strip())
    if computation.started:
        computation.result(lambda: _request(run, region, notes, photos), unit="view")
        st.rerun()
    if found is None:
        st.caption(
            f"The model looks at {len(VARIANTS)} variants of each photo. For 100 photos, this takes one or a few "
            "minutes. The test photos are never used."
        )
        return
    _result(run, found)


def _choose_region(run: RunFolder, boxed: int, photos: int) -> Region:
    offered: list[Region] = [region for region in REGIONS if region != "boxes" or boxed]
    first: Region = "boxes" if 2 * boxed > photos else "hot"
    key = f"background-region-{run.id}"
    chosen: Region = st.segmented_control(
        "What is the object?",
        offered,
        default=remembered_choice(key, first, offered),
        required=True,
        format_func=lambda one: f"{REGIONS[one].label} ({boxed:,})" if one == "boxes" else REGIONS[one].label,
        key=key,
        on_change=remember_choice,
        args=(key,),
        help="Everything else counts as background. Boxes drawn by people are the most reliable.",
    )
    return chosen


def _choose_count(available: int) -> int:
    offered = [*(count for count in COUNTS if count < available), available]
    usual = next((count for count in offered if count >= USUAL), available)
    key = "background-photos"
    return st.selectbox(
        "Photos",
        offered,
        index=offered.index(remembered_choice(key, usual, offered)),
        format_func=lambda count: f"all {count:,}" if count == available else f"{count:,}",
        key=key,
        on_change=remember_choice,
        args=(key,),
        width=130,
        help="Validation photos. More give narrower intervals, and take longer.",
    )


def _boxes_remark(boxed: int, photos: int) -> str:
    if boxed == photos:
        return ""
    return f"{boxed:,} of {counted(photos, 'photo')} have drawn boxes." if boxed else "No photo has a drawn box."


def _request(run: RunFolder, region: Region, notes: PhotoNotes, photos: int) -> Request:
    return Request("background", request_arguments(run, frame.workspace(), region, notes.boxes, photos))


def _result(run: RunFolder, found: Background) -> None:
    with st.container(border=True, key="background-verdict"):
        st.markdown(f"**{plain(words.headline(found))}**", help=explained("confidence interval"))
        for sentence in words.sentences(found):
            st.markdown(plain(sentence))
        st.caption(plain(REGIONS[found.region].caution))
    if not found.photos:
        st.caption(plain(words.photos_sentence(found)))
        return
    rates = figures.accuracies(found)
    st.plotly_chart(
        background_charts.variant_rows(found, charts.palette(frame.is_dark())),
        key="background-chart",
        config=STATIC,
        alt="Accuracy. " + "; ".join(f"{VARIANTS[name]}: {rate}" for name, rate in rates.items()),
    )
    st.caption(
        f"{plain(words.photos_sentence(found))} The bar is the 95% confidence interval, the dotted line what guessing "
        "reaches. Any change costs some accuracy. So compare the two pasted backgrounds with each other."
    )
    part = st.segmented_control(
        "Details",
        (EXAMPLES, BY_CLASS),
        default=EXAMPLES,
        required=True,
        label_visibility="collapsed",
        key="background-details",
    )
    if part == EXAMPLES:
        examples.show(run, found)
    else:
        flips_table.show(found)
