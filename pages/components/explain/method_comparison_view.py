"""All heatmap methods compared on a run's validation photos: which of them finds what decides, for this model."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.inspection.explaining.method_figures import MethodComparison
from core.runs.folder import workspace_run
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.explain import explain_charts
from pages.components.shared import charts, frame
from pages.components.shared.pickers import IMAGENET
from pages.components.shared.wording import counted, plain

COUNTS = (12, 24, 48, 96)
HELP = (
    "For each photo and method, places turn grey, hottest first, and turn sharp in a blurred photo, hottest first. "
    "The areas are the model's mean score on the way. Brackets show the 95% confidence interval over photos."
)
KEPT = 24


def show(reference: str, version: str, stage: str) -> None:
    """Draw the choice of how many photos, the button, and the comparison once it is computed.

    ``reference`` names the model, ``version`` says which one of a run that is still trained.
    """
    if reference == IMAGENET:
        st.info("This model has no validation photos here. Choose one of your runs.", icon=":material/info:")
        return
    there = _validation_photos(str(frame.workspace().root), reference, version)
    if not there:
        st.info("This run has no validation photos. Add photos, then train again.", icon=":material/info:")
        return
    st.markdown("**Which method finds the places that decide, for this model?**", help=HELP)
    offered = [count for count in COUNTS if count < there] or [there]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        photos = st.selectbox(
            "Validation photos",
            [*offered, *([there] if there <= COUNTS[-1] and there not in offered else [])],
            index=min(1, len(offered) - 1),
            key="methods-photos",
            width=160,
            help="More photos give narrower intervals, and take longer.",
        )
        computation = Computation("methods", f"compare methods {reference} {version} {stage} {photos}")
        results = _results(str(frame.workspace().root))
        known = computation.key in results
        st.button(
            "Compare methods",
            icon=":material/play_arrow:",
            type="secondary" if known else "primary",
            key="methods-start",
            on_click=computation.start,
            disabled=computation.started or known,
        )
    if computation.started:
        arguments = {
            "workspace": str(frame.workspace().root), "model": reference, "stage": stage, "photos": photos,
        }  # fmt: skip
        found = computation.result(lambda: Request("compare-methods", arguments), unit="photo")
        while len(results) >= KEPT:
            results.pop(next(iter(results)), None)
        results[computation.key] = found
        st.rerun()  # the button can be pressed again
    if known:
        _comparison(MethodComparison.model_validate(results[computation.key]))
    else:
        st.caption("Every fast method is compared with random places and a blob in the centre. It takes a few minutes.")


def table(comparison: MethodComparison) -> pd.DataFrame:
    """Return a row for each method and baseline, the best first."""
    rows = [
        {
            "Method": one.label,
            "Deletion area": explain_charts.area_text(one.deletion),
            "Insertion area": explain_charts.area_text(one.insertion),
            "Better than the centre by": "–" if one.name == "centre" else explain_charts.area_text(one.over_centre),
        }
        for one in explain_charts.shown_rows(comparison)
    ]
    return pd.DataFrame(rows)


def _comparison(comparison: MethodComparison) -> None:
    st.markdown(" ".join(plain(one) for one in comparison.sentences))
    st.dataframe(table(comparison), hide_index=True, height="content")
    st.plotly_chart(
        explain_charts.method_dots(comparison, charts.palette(frame.is_dark())),
        key="methods-dots",
        config={"displayModeBar": False},
        alt="Insertion minus deletion of each method with its 95% confidence interval, as in the table above",
    )
    st.caption(
        f"{counted(comparison.photos, 'validation photo')}, {comparison.stage}. A low deletion area is good, "
        "and a high insertion area. The last column is insertion minus deletion, compared photo by photo."
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _validation_photos(root: str, reference: str, version: str) -> int:
    return len(workspace_run(reference, frame.workspace()).snapshot().part("val"))


@st.cache_resource(show_spinner=False)
def _results(workspace: str) -> dict[str, Mapping[str, Any]]:
    """Return the newest comparisons, for all tabs of a workspace."""
    return {}
