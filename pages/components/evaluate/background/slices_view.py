"""The accuracy by tag, by group, by class, and by class and tag, with the worst named."""

import pandas as pd
import streamlit as st

from core.inspection.background.kept_result import SPLIT
from core.inspection.background.slices import KINDS, Slices, all_slices
from core.runs.folder import RunFolder
from pages.components.evaluate.background import background_charts, run_photos
from pages.components.evaluate.run_report import format_rate
from pages.components.glossary.terms import explained
from pages.components.shared import charts, frame
from pages.components.shared.wording import counted, plain

STATIC = {"displayModeBar": False}
NAMES = {"tag": "By tag", "group": "By group", "class": "By class", "class and tag": "By class and tag"}


def show(run: RunFolder) -> None:
    """Draw the choice of what to divide the validation photos by, the worst part, and all parts."""
    predictions = run.predictions(SPLIT)
    if predictions is None or predictions.empty:
        st.info(
            "This run has not been evaluated on its validation photos. Choose Validation above, and evaluate it.",
            icon=":material/info:",
        )
        return
    notes = run_photos.notes_of(run)
    found = all_slices(predictions, notes.tags, notes.groups)
    st.markdown(
        "A good mean can hide a part of the photos on which the model fails. These are all validation photos as they "
        "are, with the labels of this run.",
        help=explained("worst group"),
    )
    if "tag" not in found:
        _say_where_to_tag(run)
    offered = [kind for kind in KINDS if kind in found]
    kind = st.segmented_control(
        "Divide by",
        offered,
        default=offered[0],
        required=True,
        format_func=NAMES.__getitem__,
        label_visibility="collapsed",
        key=f"background-slices-{'-'.join(offered)}",
    )
    _slices(found[kind], predictions)


def _say_where_to_tag(run: RunFolder) -> None:
    with st.container(border=True, key="background-no-tags"):
        st.markdown(
            "**No tags yet.** Tags say what else a photo shows, such as snow or indoors. Select photos on the Data "
            "page and add tags to them; then the accuracy is shown by tag too."
        )
        if run.status().project_id is not None:
            frame.link("Data", "Tag photos", width="content")


def _slices(slices: Slices, predictions: pd.DataFrame) -> None:
    st.markdown(f"**{plain(slices.sentence)}**", help=explained("confidence interval", "p-value"))
    right = predictions["prediction"].astype(str) == predictions["label"].astype(str)
    shown = slices.rows[: background_charts.MOST_ROWS]
    st.plotly_chart(
        background_charts.slice_rows(slices, charts.palette(frame.is_dark()), float(right.mean())),
        key=f"background-slices-chart-{slices.kind}",
        config=STATIC,
        alt="Accuracy. " + "; ".join(f"{one.name}: {one.rate}" for one in shown),
    )
    more = len(slices.rows) - len(shown)
    rest = f" {more:,} more are in the table." if more > 0 else ""
    st.caption(
        f"Beside each name: the number of photos. The bar is the 95% confidence interval, the dashed line the "
        f"accuracy on all {counted(len(predictions), 'photo')}. {slices.few_sentence}{rest}".strip()
    )
    st.dataframe(
        table(slices),
        hide_index=True,
        height="content" if len(slices.rows) <= 15 else 560,
        key="background-slices-table",
    )


def table(slices: Slices) -> pd.DataFrame:
    """Return a row for each part, the worst first, those with too few photos last."""
    return pd.DataFrame(
        [
            {
                slices.kind.capitalize(): one.name,
                "Photos": one.rate.n,
                "Accuracy": format_rate(one.rate),
                "All others": format_rate(one.others),
                **({"Remark": "too few to say" if one.few else ""} if slices.few_sentence else {}),
            }
            for one in slices.rows
        ]
    )
