"""The gallery: what the class has shared, as cards, and what can be done with each."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from core.people.records import Person
from core.people.register import Register
from core.people.sharing.gallery import copy_shared_project, gallery, is_own, may_copy, place_of, unshare
from core.people.sharing.records import Shared
from pages.components.explain import photo_source
from pages.components.shared import charts, frame
from pages.components.shared.dialogs import closing_button
from pages.components.shared.wording import counted, plain
from pages.components.sharing import share_dialog, shared_model, shared_photos

OPENED = "gallery-opened"
_SHOWN_CLASSES = 8


def show(register: Register, viewer: Person, class_id: int) -> None:
    """Draw the gallery of a class."""
    items = gallery(register, viewer, class_id)
    opened = next((item for item in items if item.id == st.session_state.get(OPENED)), None)
    if opened is not None:
        _open(register, viewer, opened)
        return
    if st.button("Share something", type="primary", icon=":material/share:", key="gallery-share"):
        share_dialog.show(register, frame.group() or viewer, class_id)
    if not items:
        frame.empty_state(
            "Nothing is shared yet", "Share a model that you have trained, and the class can try it on their photos."
        )
        return
    for column, item in zip(_cells(len(items)), items, strict=True):
        with column:
            _card(register, viewer, item)


def _cells(count: int) -> list[st.delta_generator.DeltaGenerator]:
    grid = st.grid(3, min_column_width=280)
    return [grid.container(border=True, height="stretch") for _ in range(count)]


def _card(register: Register, viewer: Person, item: Shared) -> None:
    st.subheader(plain(item.name), anchor=False)
    st.caption(f"{plain(item.owner)} · {datetime.fromtimestamp(item.created):%d %b, %H:%M}")
    if item.note:
        st.markdown(plain(item.note))
    st.markdown(_classes(item))
    st.markdown(_figures(item))
    with st.container(horizontal=True):
        label = "Try it" if item.kind == "model" else "Look"
        icon = ":material/play_arrow:" if item.kind == "model" else ":material/visibility:"
        st.button(label, icon=icon, key=f"gallery-open-{item.id}", on_click=_choose, args=(item.id,))
        _copy(register, viewer, item)
        if (viewer.teaches or is_own(register, viewer, item)) and st.button(
            "Take back", icon=":material/undo:", key=f"gallery-back-{item.id}"
        ):
            _take_back(register, viewer, item)


def _classes(item: Shared) -> str:
    names = item.about.classes
    more = f" and {len(names) - _SHOWN_CLASSES} more" if len(names) > _SHOWN_CLASSES else ""
    return " ".join(f":gray-badge[{plain(name)}]" for name in names[:_SHOWN_CLASSES]) + more


def _figures(item: Shared) -> str:
    about = item.about
    if item.kind == "project":
        return f"{counted(about.photos, 'photo')}, {about.labelled:,} labelled"
    if about.value is None:
        return f"Trained on {counted(about.photos, 'photo')}; not evaluated."
    figure = "right" if about.figure == "accuracy" else "mean IoU"
    between = f" ({charts.percent(about.low)} to {charts.percent(about.high)})" if about.low and about.high else ""
    return (
        f"**{charts.percent(about.value)}** {figure}{between} on {counted(about.n, 'validation photo')}, "
        f"trained on {about.photos:,}"
    )


def _copy(register: Register, viewer: Person, item: Shared) -> None:
    if not may_copy(register, viewer, item):
        return
    if item.kind == "model":
        st.download_button(
            "Download", lambda: _zipped(register, item), file_name=f"{item.name[:40]}.zip", mime="application/zip",
            icon=":material/download:", key=f"gallery-copy-{item.id}", on_click="ignore",
        )  # fmt: skip
    elif st.button("Copy to my work", icon=":material/content_copy:", key=f"gallery-copy-{item.id}"):
        with st.spinner("Copying…"):
            for _ in copy_shared_project(register, viewer, item.id, frame.store()):
                continue
        frame.notify(f"{plain(item.name)} is now one of your projects.")
        st.rerun()


def _zipped(register: Register, item: Shared) -> bytes:
    from core.export.bundle_zip import zip_bundle

    with TemporaryDirectory() as folder:
        return zip_bundle(place_of(register, item), Path(folder) / "model.zip", item.name).read_bytes()


@st.dialog("Take back?")
def _take_back(register: Register, viewer: Person, item: Shared) -> None:
    st.markdown(
        f"The class can no longer open **{plain(item.name)}**. Copies that others have taken stay theirs. "
        + ("The photos that have fooled it are deleted." if item.kind == "model" else "")
    )
    closing_button("Take back", lambda: unshare(register, viewer, item.id), key="take-back-now")


def _choose(item_id: int | None) -> None:
    st.session_state[OPENED] = item_id


def _open(register: Register, viewer: Person, item: Shared) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back to the gallery", icon=":material/arrow_back:", key="gallery-close", on_click=_choose, args=(None,)
        )
        st.markdown(f"**{plain(item.name)}** by {plain(item.owner)}")
    if item.kind == "project":
        shared_photos.show(register, viewer, item)
        return
    photo = photo_source.choose_photo(frame.project(), None)
    if photo is not None:
        with st.spinner("Predicting…"):
            explanation = shared_model.explained(register, item, photo)
        shared_model.show(explanation, photo, f"gallery-{item.id}")
