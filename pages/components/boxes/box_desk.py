"""The box desk: draw boxes on one photo at a time; every change is saved immediately."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.store.boxes.box_checks import TOLERATED_PIXELS, reaches_out
from core.data.store.records import Reservation
from core.data.store.store import ImageFilter, ImageRow, Project
from pages.components.annotate.desk.photo_hold import offer_last_photos, renew, say_who_has_it
from pages.components.boxes.box_actions import (
    choose_class,
    delete_box,
    fit_inside,
    go_back,
    go_on,
    new_box,
    other_box,
    report,
    share,
    shift_box,
    start_again,
    undo,
)
from pages.components.boxes.box_canvas import canvas_size, draw, is_stretched, step_size, to_numbers
from pages.components.boxes.box_state import BoxDesk, desk_of, take_table, taken_so_far
from pages.components.boxes.box_table import edit_table
from pages.components.data.photo_details import display_bytes
from pages.components.shared import frame
from pages.components.shared.auto_refresh import refresh_on_change
from pages.components.shared.class_keys import BOX_LETTERS, class_color, class_keys
from pages.components.shared.key_guard import guard_keys
from pages.components.shared.undo_line import undo_button
from pages.components.shared.wording import counted, next_page, plain

WITHOUT, EVERY = "Photos without a box", "All photos"
SIZES = {"Small": (330, 400), "Medium": (540, 560), "Large": (880, 900)}
BESIDE_PIXELS = 600  # a canvas up to this width leaves room beside it
HELP = """**With the mouse.** Drag to draw a box; it gets the highlighted class. Click a box to select it. Drag the
selected box to move it, or an edge or corner to resize it. To draw inside the selected box, hold Shift. Double-click
a box to change its class.

**With keys.** Keys act on the selected box, the one with square handles; O selects the next one. Shift and an arrow
key move it by about one screen pixel; Shift, Alt and an arrow key resize it. Add Ctrl for steps ten times as large.
Escape cancels a drag. You can also enter exact numbers in the table.

**Small objects.** Zoom in with + and out with −, with Ctrl and the mouse wheel, or with the buttons below the photo;
scroll to move the photo.

Every change is saved immediately."""
# Shift moves, Alt resizes; the arrow keys alone go to the next or previous photo.
MOVES: tuple[tuple[str, str, str, tuple[int, int], tuple[int, int]], ...] = (
    ("west", "Shift+Left", "Move left", (-1, 0), (0, 0)),
    ("north", "Shift+Up", "Move up", (0, -1), (0, 0)),
    ("south", "Shift+Down", "Move down", (0, 1), (0, 0)),
    ("east", "Shift+Right", "Move right", (1, 0), (0, 0)),
    ("unfold_less_double", "Alt+Shift+Left", "Narrower", (0, 0), (-1, 0)),
    ("unfold_more_double", "Alt+Shift+Right", "Wider", (0, 0), (1, 0)),
    ("compress", "Alt+Shift+Up", "Shorter", (0, 0), (0, -1)),
    ("expand", "Alt+Shift+Down", "Taller", (0, 0), (0, 1)),
)


def boxes_desk(project: Project) -> None:
    """Draw the section: which photos, then one after the other."""
    with st.container(horizontal=True, vertical_alignment="center"):
        phone = "Mobile" in st.context.headers.get("User-Agent", "")
        which = st.selectbox("Go through", [WITHOUT, EVERY], key="boxes-which", label_visibility="collapsed", width=220)
        size = st.segmented_control(
            "Photo size",
            list(SIZES),
            default="Small" if phone else "Medium",
            required=True,
            key="boxes-size",
            label_visibility="collapsed",
        )
    _one_by_one(project, which == WITHOUT, SIZES[size])


@frame.fragment()
def _one_by_one(project: Project, boxless: bool, most: tuple[int, int]) -> None:
    """Draw the desk; a stroke or a key reruns only this part of the page."""
    refresh_on_change(project)
    desk = desk_of(project, boxless)
    desk.refresh()
    row = desk.row()
    head = st.container()
    if row is None:
        _all_done(desk, _show_progress(head, project))
        guard_keys()
        return
    if most[0] <= BESIDE_PIXELS:
        canvas, beside = st.columns([max(most[0], 420), 328], gap="small")
    else:
        canvas, beside = st.container(), st.container()
    following = desk.follower(row.id)
    desk.hold.keep(row.id, following if boxless else None)
    others = frame.store().reserved_by_others(project.id, frame.who())
    size = (row.width, row.height)
    canvas_pixels = canvas_size(size, most)
    # The buttons first: when the next photo appears, its keys already work.
    with beside:
        _controls(desk, row, project, step_size(size, canvas_pixels))
    with canvas, st.container(key="boxes-photo"):
        classes = [one.name for one in frame.store().classes(project.id)]
        taken = taken_so_far()
        told = {
            "token": taken.token,
            "taken": taken.number,
            "project": project.id,
            "photo": row.id,
            "name": row.filename,
            "size": size,
            "canvas": canvas_pixels,
            "boxes": to_numbers(desk.shown),
            "at": desk.at if desk.shown else None,
            "label": desk.label,
            "classes": classes,
            "colors": [class_color(place) for place in range(len(classes))],
        }
        draw(told, display_bytes(row.hash, str(frame.store().image_path(row.hash))), partial(report, desk))
        _show_progress(head, project)
        shape = ", stretched so that you can draw on it" if is_stretched(size, canvas_pixels) else ""
        st.caption(f"{plain(row.filename)} · {row.width} × {row.height} pixels{shape}")
        say_who_has_it(others, row.id)
        # A table for exactly these boxes: edits to an older table are not read into it.
        changed = edit_table(desk.shown, classes, f"boxes-table-{row.id}-{desk.loads}-{hash(tuple(desk.shown))}")
        if changed is not None:
            take_table(desk, changed)
            st.rerun(scope="fragment")
    renew(desk.hold)
    guard_keys()
    if following is not None:  # its smaller copy is made now
        image_hash = frame.store().image(project.id, following).hash
        display_bytes(image_hash, str(frame.store().image_path(image_hash)))


def _show_progress(head: DeltaGenerator, project: Project) -> int:
    """Show how many photos have a box; return how many have none."""
    photos, left = frame.store().count(project.id), frame.store().count(project.id, ImageFilter(boxless=True))
    with head:
        st.progress((photos - left) / photos if photos else 0.0, f"{photos - left:,} of {photos:,} photos have a box")
        if rule := frame.store().learned_photos(project.id).rule:
            st.caption(plain(rule))
    return left


def _controls(desk: BoxDesk, row: ImageRow, project: Project, step: tuple[int, int]) -> None:
    size = (row.width, row.height)
    if desk.message:
        st.warning(plain(desk.message))
    out = max((reaches_out(box, *size) for box in desk.shown), default=0.0)
    if out > TOLERATED_PIXELS:
        st.warning(f"A box extends {out:g} pixels beyond the photo.")
        st.button("Crop it to the photo", on_click=fit_inside, args=(desk, size))
    st.markdown("**Class of the next box**", help=HELP)
    classes = [one.name for one in frame.store().classes(project.id)]
    colors = "".join(
        f".st-key-box-class-{row.id}-{place} button {{ border-left: 0.45rem solid {class_color(place)}; }}"
        for place in range(len(classes))
    )
    st.html(f"<style>{colors}</style>")
    with st.grid(min_column_width=110, gap="xsmall"):
        for place, (name, key) in enumerate(zip(classes, class_keys(classes, reserved=BOX_LETTERS), strict=True)):
            st.button(
                plain(name),
                key=f"box-class-{row.id}-{place}",
                shortcut=key,
                type="primary" if name == desk.label else "secondary",
                width="stretch",
                on_click=choose_class,
                args=(desk, name, False),
            )
    with st.container(horizontal=True, gap="xsmall"):
        st.button("Back", shortcut="Left", on_click=go_back, args=(desk,), disabled=not desk.trail)
        st.button("Next", shortcut="Right", on_click=go_on, args=(desk, row.id), key=f"next-{row.id}", type="primary")
        undo_button(desk.project_id, undo, desk, key="boxes-undo")
    _keys(desk, size, step)


def _keys(desk: BoxDesk, size: tuple[int, int], step: tuple[int, int]) -> None:
    """Draw the buttons that act on the selected box, each with its key."""
    many = len(desk.shown)
    st.markdown(f"**Box {desk.at + 1} of {many}** is selected" if many else "**No box yet**")
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "New box", shortcut="N", on_click=new_box, args=(desk, size), help="Add a box in the centre of the photo."
        )
        st.button("Next box", shortcut="O", on_click=other_box, args=(desk,), disabled=many < 2)
        st.button("Change class", shortcut="L", on_click=choose_class, args=(desk, desk.label, True), disabled=not many)
        st.button("Delete", shortcut="Delete", on_click=delete_box, args=(desk,), disabled=not many)
    with st.grid(min_column_width=128, gap="xsmall"):
        for icon, shortcut, words, move, grow in MOVES:
            st.button(
                "",
                icon=f":material/{icon}:",
                shortcut=shortcut,
                help=words,
                key=f"box-shift-{icon}",
                width="stretch",
                on_click=shift_box,
                args=(desk, move, grow, size, step),
                disabled=not many,
            )


def _all_done(desk: BoxDesk, left: int) -> None:
    if desk.boxless and left and (others := _on_other_desks(desk)):
        if offer_last_photos(desk.hold, others, desk.passed):
            share(desk)
            st.rerun()
    elif desk.boxless and left == 0:
        _go_on("All photos have a box", "You can train a model on them now.", desk)
    elif desk.boxless:
        words = f"{counted(left, 'photo')} still without a box. That is fine: training skips them."
        _go_on("You have seen every photo", words, desk)
    else:
        _go_on("You have seen every photo", "Your boxes are saved.", desk)
    with st.container(horizontal=True, horizontal_alignment="center"):
        if desk.boxless and left == 0:  # there is nothing to go through again
            if st.button("Go through all photos", on_click=_go_through_all, icon=":material/replay:", key="boxes-all"):
                st.rerun()  # the choice of photos is outside this fragment
        else:
            st.button(
                "Go through them again", on_click=start_again, args=(desk,), icon=":material/replay:", key="boxes-again"
            )
        st.button("Back", shortcut="Left", on_click=go_back, args=(desk,), disabled=not desk.trail)
        undo_button(desk.project_id, undo, desk, key="boxes-undo")


def _go_on(title: str, words: str, desk: BoxDesk) -> None:
    """Say what comes next: training, or what it still needs."""
    learned = frame.store().learned_photos(desk.project_id)
    if learned.enough:
        frame.empty_state(title, words, *next_page("train", boxed=True))
    elif learned.step == "label photos":  # on this page
        frame.empty_state(title, plain(learned.advice))
    else:
        frame.empty_state(title, plain(learned.advice), *next_page(learned.step, boxed=True))


def _go_through_all() -> None:
    st.session_state["boxes-which"] = EVERY


def _on_other_desks(desk: BoxDesk) -> list[Reservation]:
    """Return who has the photos without a box that this tab has not passed."""
    others = frame.store().reserved_by_others(desk.project_id, frame.who())
    return [one for number, one in others.items() if number not in desk.passed and not desk.stored(number)]
