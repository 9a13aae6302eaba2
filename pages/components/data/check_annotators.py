"""Annotators: labels by person, their agreement, and disagreements to resolve by an adjudicated label."""

from collections import Counter

import pandas as pd
import streamlit as st

from core.data.store.records import Opinion
from core.data.store.store import Project
from core.errors import DataError
from core.inspection.measuring.agreement import Agreement, Disagreement, Kappa, agreement_of, disagreements
from pages.components.correcting import train_again_bar
from pages.components.correcting.disagreement_groups import choose_group, decide_several
from pages.components.data.photo_details import display_bytes
from pages.components.shared import frame
from pages.components.shared.auto_refresh import refresh_on_change
from pages.components.shared.wording import counted, format_time, plain

SHOWN = 8


@frame.fragment()
def annotators(project: Project) -> None:
    """Draw the section."""
    refresh_on_change(project)
    opinions, nameless = frame.store().opinions(project.id), frame.store().nameless_labels(project.id)
    if nameless:
        st.info(
            f"{counted(nameless, 'photo')} labelled by people without a name {'is' if nameless == 1 else 'are'} not "
            "counted here, because nobody knows how many people they are. Enter your name in the sidebar.",
            icon=":material/person_off:",
        )
    if not opinions and nameless:
        return
    if not opinions:
        frame.empty_state(
            "No labels yet", "Once photos are labelled, you see here who labelled what.", "Label photos", "Annotate"
        )
        return
    classes = [one.name for one in frame.store().classes(project.id)]
    st.header("Labels by annotator", anchor=False)
    st.caption("Accepted suggestions are not counted, because they are not independent of the model.")
    # Numbers as columns, because a class may be called "Photos".
    names = {str(number): st.column_config.NumberColumn(name) for number, name in enumerate(classes)}
    st.dataframe(_table(opinions, classes), hide_index=True, height="content", column_config=names)
    agreement = agreement_of(opinions, classes)
    if agreement is None:
        st.info(
            "No photo has been labelled by two people yet. To measure agreement, ask a second person to label some of "
            "the same photos under their own name: on the Annotate page, choose *All photos, to review*.",
            icon=":material/group:",
        )
        return
    _agreement(agreement)
    _disagreements(project, disagreements(opinions, frame.store().adjudicated(project.id)), classes)
    train_again_bar.show(project)


def _table(opinions: list[Opinion], classes: list[str]) -> pd.DataFrame:
    """Return a row for each person; a class's column is called by its place in ``classes``."""
    count = Counter((one.who, one.label) for one in opinions)
    last = {one.who: one.when for one in sorted(opinions, key=lambda one: one.when)}
    rows = [
        {
            "Annotator": who,
            "Photos": sum(count[who, name] for name in classes),
            **{str(number): count[who, name] for number, name in enumerate(classes)},
            "Last label": format_time(last[who]),
        }
        for who in sorted(last, key=str.casefold)
    ]
    return pd.DataFrame(rows)


def _agreement(found: Agreement) -> None:
    st.header("Agreement between annotators", anchor=False)
    st.markdown(
        f"Based on {counted(found.overall.images, 'photo')} labelled by two or more people. Kappa measures agreement "
        "beyond chance: 1 is perfect agreement, 0 is no better than guessing. Above 0.8, labels are reliable. "
        "Below 0.6, discuss what the classes mean."
    )
    with st.container(horizontal=True):
        st.metric(found.name, _number(found.overall), border=True, width=180, help="Over all classes.")
        st.metric(
            "Same label", f"{found.overall.observed:.0%}", border=True, width=180, help="Share of all pairs of labels."
        )
    classes = pd.DataFrame(
        [(name, _number(kappa), f"{kappa.observed:.0%}") for name, kappa in found.by_class.items()],
        columns=["Class", "Kappa (this class against the others)", "Same label"],
    )
    st.dataframe(classes, hide_index=True, height="content")
    if len(found.people) > 2:
        pairs = pd.DataFrame(
            [(f"{one.first} and {one.second}", _number(one.kappa), one.kappa.images) for one in found.pairs],
            columns=["Annotators", "Cohen's kappa", "Photos in common"],
        )
        st.dataframe(pairs, hide_index=True, height="content" if len(pairs) < 10 else 380)


def _number(kappa: Kappa) -> str:
    return "not defined" if kappa.value is None else f"{kappa.value:.2f}"


def _disagreements(project: Project, found: list[Disagreement], classes: list[str]) -> None:
    st.header("Disagreements", anchor=False)
    open_ones = [one for one in found if not one.settled]
    settled = len(found) - len(open_ones)
    if not open_ones:
        st.success("Every disagreement is resolved." if settled else "Annotators agree on every photo they share.")
        return
    st.markdown(
        f"{counted(len(open_ones), 'photo')} to resolve"
        + (f", {settled:,} already resolved. " if settled else ". ")
        + "Choose the correct class. History shows the label as adjudicated (decided), and you can undo it there."
    )
    group = choose_group(open_ones)
    if decide_several(project, group):
        return
    for one in group[:SHOWN]:
        _row(project, one, classes)
    if len(group) > SHOWN:
        st.caption(f"{len(group) - SHOWN:,} more appear as you resolve these.")


def _row(project: Project, one: Disagreement, classes: list[str]) -> None:
    try:
        row = frame.store().image(project.id, one.image_id)
    except DataError:  # removed in the meantime
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"apart-{one.image_id}"):
        st.image(
            display_bytes(row.hash, str(frame.store().image_path(row.hash)), 320),
            width=150,
            alt=f"Photo {row.filename}",
        )
        with st.container(width="stretch", gap="xsmall"):
            labels = " · ".join(f"{plain(each.who)}: **{plain(each.label)}**" for each in one.opinions)
            st.markdown(
                f"{labels}  \n:small[{plain(row.filename)}, now {plain(row.label) if row.label else 'no label'}]"
            )
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
                        "Another class", others, format_func=plain, key=f"decide-other-{one.image_id}", type="tertiary"
                    )
                    if chosen:
                        _decide(project, one.image_id, str(chosen))
                        st.rerun(scope="fragment")


@frame.action
def _decide(project: Project, image_id: int, label: str) -> None:
    frame.store().annotate(project.id, [image_id], label, frame.who(), kind="adjudicated")
