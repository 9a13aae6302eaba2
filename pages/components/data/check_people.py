"""Who labelled what, how far people agree, and where they do not: there an adjudicated label decides."""

from collections import Counter

import pandas as pd
import streamlit as st

from core.data.store.records import Opinion
from core.data.store.store import Project
from core.errors import DataError
from core.inspection.measuring.agreement import Agreement, Disagreement, Kappa, agreement_of, disagreements
from pages.components.data.photo_details import display_bytes
from pages.components.shared import frame
from pages.components.shared.live import live
from pages.components.shared.wording import counted, moment, plain

SHOWN = 8


@frame.fragment()
def people(project: Project) -> None:
    """The whole section."""
    live(project)
    opinions = frame.store().opinions(project.id)
    if not opinions:
        frame.empty("No labels yet", "Who labelled what will stand here.", "Label photos", "Annotate")
        return
    classes = [one.name for one in frame.store().classes(project.id)]
    st.subheader("Who labelled what", anchor=False)
    st.dataframe(_table(opinions, classes), hide_index=True, height="content")
    agreement = agreement_of(opinions, classes)
    if agreement is None:
        st.info(
            "No photo has been labelled by two people yet. To measure how far you agree, let a second person go "
            "through some photos under their own name: on the Annotate page, choose *All photos, to review*.",
            icon=":material/group:",
        )
        return
    _agreement(agreement)
    _apart(project, disagreements(opinions, frame.store().adjudicated(project.id)), classes)


def _table(opinions: list[Opinion], classes: list[str]) -> pd.DataFrame:
    count = Counter((one.who, one.label) for one in opinions)
    last = {one.who: one.when for one in sorted(opinions, key=lambda one: one.when)}
    rows = [
        {
            "Who": who,
            "Photos": sum(count[who, name] for name in classes),
            **{name: count[who, name] for name in classes},
            "Last": moment(last[who]),
        }
        for who in sorted(last, key=str.casefold)
    ]
    return pd.DataFrame(rows)


def _agreement(found: Agreement) -> None:
    st.subheader("How far you agree", anchor=False)
    st.markdown(
        f"{counted(found.overall.images, 'photo')} got a label from two people or more. Kappa says how far they agree "
        "beyond what guessing would give: 1 is full agreement, 0 is no better than chance. Above 0.8 a label can be "
        "relied on; below 0.6 it is worth talking about what the classes mean."
    )
    with st.container(horizontal=True):
        st.metric(found.name, _number(found.overall), border=True, width=180, help="Over all classes.")
        st.metric(
            "The same label", f"{found.overall.observed:.0%}", border=True, width=180, help="Of all pairs of opinions."
        )
    classes = pd.DataFrame(
        [(name, _number(kappa), f"{kappa.observed:.0%}") for name, kappa in found.by_class.items()],
        columns=["Class", "Kappa, this class against the others", "The same answer"],
    )
    st.dataframe(classes, hide_index=True, height="content")
    if len(found.people) > 2:
        pairs = pd.DataFrame(
            [(f"{one.first} and {one.second}", _number(one.kappa), one.kappa.images) for one in found.pairs],
            columns=["Two of you", "Cohen's kappa", "Photos in common"],
        )
        st.dataframe(pairs, hide_index=True, height="content" if len(pairs) < 10 else 380)


def _number(kappa: Kappa) -> str:
    return "not defined" if kappa.value is None else f"{kappa.value:.2f}"


def _apart(project: Project, found: list[Disagreement], classes: list[str]) -> None:
    st.subheader("Where you do not agree", anchor=False)
    open_ones = [one for one in found if not one.settled]
    settled = len(found) - len(open_ones)
    if not open_ones:
        st.success("Every disagreement is settled." if settled else "You agree on every photo that you share.")
        return
    st.markdown(
        f"{counted(len(open_ones), 'photo')} to settle"
        + (f", {settled:,} settled already. " if settled else ". ")
        + "Press the class that it shall have. It is marked as adjudicated, and can be undone under History."
    )
    for one in open_ones[:SHOWN]:
        _row(project, one, classes)
    if len(open_ones) > SHOWN:
        st.caption(f"{len(open_ones) - SHOWN:,} more come as these are settled.")


def _row(project: Project, one: Disagreement, classes: list[str]) -> None:
    try:
        row = frame.store().image(project.id, one.image_id)
    except DataError:  # removed while this is drawn
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"apart-{one.image_id}"):
        st.image(
            display_bytes(row.hash, str(frame.store().image_path(row.hash)), 320),
            width=150,
            alt=f"Photo {row.filename}",
        )
        with st.container(width="stretch", gap="xsmall"):
            said = " · ".join(f"{plain(each.who)}: **{plain(each.label)}**" for each in one.opinions)
            st.markdown(f"{said}  \n:small[{plain(row.filename)}, now {plain(row.label) if row.label else 'no label'}]")
            with st.container(horizontal=True, gap="xsmall"):
                names = list(dict.fromkeys(each.label for each in one.opinions))
                for name in names:
                    st.button(
                        plain(name),
                        key=f"decide-{one.image_id}-{name}",
                        on_click=_decide,
                        args=(project, one.image_id, name),
                    )
                others = [name for name in classes if name not in names]
                if others:
                    chosen = st.menu_button(
                        "Another class", others, key=f"decide-other-{one.image_id}", type="tertiary"
                    )
                    if chosen:
                        _decide(project, one.image_id, str(chosen))
                        st.rerun(scope="fragment")


@frame.action
def _decide(project: Project, image_id: int, label: str) -> None:
    frame.store().annotate(project.id, [image_id], label, frame.who(), kind="adjudicated")
