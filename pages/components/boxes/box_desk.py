"""Drawing boxes, one photo at a time: the canvas, the classes, the table, every change saved at once."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.store.boxes.box_checks import TOLERATED_PIXELS, reaches_out
from core.data.store.store import ImageFilter, ImageRow, Project
from pages.components.boxes.box_actions import (
    choose_class,
    delete_box,
    fit_inside,
    go_back,
    go_on,
    new_box,
    other_box,
    report,
    shift_box,
    start_again,
    take_late,
    undo,
)
from pages.components.boxes.box_state import BoxDesk, desk_of, take_table
from pages.components.boxes.box_table import edit_table
from pages.components.boxes.boxes_input import hand_now, listen
from pages.components.boxes.canvas import Sheet, draw, is_stretched, to_canvas
from pages.components.data.photo_details import display_bytes
from pages.components.shared import frame
from pages.components.shared.class_keys import BOX_LETTERS, class_keys
from pages.components.shared.live import live
from pages.components.shared.wording import counted, plain

WITHOUT, EVERY = "Photos without a box", "All photos"
SIZES = {"Small": (330, 400), "Medium": (540, 560), "Large": (880, 900)}
BESIDE_PIXELS = 600  # a canvas up to this width leaves room beside it
LEAST_ROOM = 240  # a window that says it has less is still being drawn
HELP = """**With the mouse.** Drag to draw a box; it gets the class that is chosen. To change one, move the mouse over
the photo and press the pencil above it. Then drag the box to move it, or a handle to resize it. A corner moves freely;
hold Shift to keep the shape. To write another class, click a box that is selected once more, write, and press Enter.

**With keys.** The keys act on the box with the blue frame; O goes to the next box, and a click on a box while the
pencil is on chooses it too. Shift and an arrow move it by about one pixel of the screen, Shift, Alt and an arrow resize
it. With Ctrl as well, ten times as far. Hold the keys to go on. In the table you can write exact numbers.

Every change is saved at once."""
# Shift moves, Alt resizes; without them the arrows turn to the next photo.
MOVES: tuple[tuple[str, str, str, tuple[int, int], tuple[int, int]], ...] = (
    ("west", "Shift+Left", "Move left", (-1, 0), (0, 0)),
    ("north", "Shift+Up", "Move up", (0, -1), (0, 0)),
    ("south", "Shift+Down", "Move down", (0, 1), (0, 0)),
    ("east", "Shift+Right", "Move right", (1, 0), (0, 0)),
    ("unfold_less_double", "Alt+Shift+Left", "Narrower", (0, 0), (-1, 0)),
    ("unfold_more_double", "Alt+Shift+Right", "Wider", (0, 0), (1, 0)),
    ("compress", "Alt+Shift+Up", "Lower", (0, 0), (0, -1)),
    ("expand", "Alt+Shift+Down", "Higher", (0, 0), (0, 1)),
)


def boxes_desk(project: Project) -> None:
    """The whole section: which photos, then one after the other."""
    with st.container(horizontal=True, vertical_alignment="center"):
        phone = "Mobile" in st.context.headers.get("User-Agent", "")
        which = st.selectbox("Go through", [WITHOUT, EVERY], key="boxes-which", label_visibility="collapsed", width=220)
        size = st.segmented_control(
            "Size of the photo",
            list(SIZES),
            default="Small" if phone else "Medium",
            required=True,
            key="boxes-size",
            label_visibility="collapsed",
        )
    _one_by_one(project, which == WITHOUT, SIZES[size])


@frame.fragment()
def _one_by_one(project: Project, boxless: bool, most: tuple[int, int]) -> None:
    """The desk; only this part of the page runs again at a stroke or a key."""
    live(project)
    desk = desk_of(project, boxless)
    desk.refresh()
    row = desk.row()
    head = st.container()
    if row is None:
        _all_done(desk, _show_progress(head, project))
        return
    if most[0] <= BESIDE_PIXELS:
        canvas, beside = st.columns([max(most[0], 420), 328], gap="small")
    else:
        canvas, beside = st.container(), st.container()
    room = _room()
    sheet = desk.sheet_for(row, (min(most[0], room or most[0]), most[1]))
    # The buttons first: whoever sees the next photo can trust that its keys are there.
    with beside:
        _controls(desk, row, project)
    with canvas, st.container(key="boxes-photo"):
        photo = display_bytes(row.hash, str(frame.store().image_path(row.hash)))
        draw(sheet, photo, desk.label, partial(take_late, desk, sheet.key))
        _show_progress(head, project)
        shape = ", shown in another shape so that you can draw on it" if is_stretched(sheet) else ""
        st.caption(f"{plain(row.filename)} · {row.width} × {row.height} pixels{shape}")
        classes = [one.name for one in frame.store().classes(project.id)]
        # A table for just these boxes: what somebody wrote into another one is not read into it.
        table = f"boxes-table-{row.id}-{sheet.key}-{hash(tuple(desk.shown))}"
        changed = edit_table(desk.shown, classes, table)
        if changed is not None:
            take_table(desk, changed)
            st.rerun(scope="fragment")
    _listen(desk, sheet, most[0], room)
    following = desk.follower(row.id)
    if following is not None:  # made smaller while this one is looked at
        image_hash = frame.store().image(project.id, following).hash
        display_bytes(image_hash, str(frame.store().image_path(image_hash)))


def _show_progress(head: DeltaGenerator, project: Project) -> int:
    """How many photos have a box; the number of those without."""
    photos, left = frame.store().count(project.id), frame.store().count(project.id, ImageFilter(boxless=True))
    head.progress((photos - left) / photos if photos else 0.0, f"{photos - left:,} of {photos:,} photos have a box")
    return left


def _room() -> int | None:
    """How wide the browser's window lets the canvas be; None until it has said so."""
    room = hand_now().room
    if room is not None and room >= LEAST_ROOM:
        st.session_state["boxes-room"] = room
    known: int | None = st.session_state.get("boxes-room")
    return known


def _listen(desk: BoxDesk, sheet: Sheet, wanted: int, room: int | None) -> None:
    """Tells the browser's script which box the keys act on, and hears of presses and of the room."""
    held = to_canvas(desk.shown[desk.at], sheet.size, sheet.canvas) if desk.shown else None
    across, down = sheet.step()
    told = {
        "token": desk.token,
        "sheet": sheet.key,
        "photo": sheet.image_id,
        "box": [held["left"], held["top"], held["width"], held["height"]] if held else None,
        "step": [across * sheet.canvas[0] / sheet.size[0], down * sheet.canvas[1] / sheet.size[1]],
        "taken": desk.hand.steps,
        "wanted": wanted,
        "room": room,
    }
    listen(told, partial(report, desk))


def _controls(desk: BoxDesk, row: ImageRow, project: Project) -> None:
    size = (row.width, row.height)
    if desk.message:
        st.warning(desk.message)
    out = max((reaches_out(box, *size) for box in desk.shown), default=0.0)
    if out > TOLERATED_PIXELS:
        st.warning(f"A box reaches {out:g} pixels beyond the photo.")
        st.button("Cut it at the photo's edge", on_click=fit_inside, args=(desk, size))
    st.markdown("**Class of the next box**", help=HELP)
    classes = [one.name for one in frame.store().classes(project.id)]
    with st.grid(min_column_width=110, gap="xsmall"):
        for place, (name, key) in enumerate(zip(classes, class_keys(classes, besides=BOX_LETTERS), strict=True)):
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
        st.button("Undo", shortcut="U", on_click=undo, args=(desk,))
    _keys(desk, size)


def _keys(desk: BoxDesk, size: tuple[int, int]) -> None:
    """What the keyboard can do with boxes."""
    many = len(desk.shown)
    st.markdown(f"**Box {desk.at + 1} of {many}** by keys: the blue one" if many else "**No box yet**")
    with st.container(horizontal=True, gap="xsmall"):
        st.button("New", shortcut="N", on_click=new_box, args=(desk, size), help="A box in the middle of the photo.")
        st.button("Other", shortcut="O", on_click=other_box, args=(desk,), disabled=many < 2)
        st.button("Relabel", shortcut="L", on_click=choose_class, args=(desk, desk.label, True), disabled=not many)
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
                args=(desk, move, grow),
                disabled=not many,
            )


def _all_done(desk: BoxDesk, left: int) -> None:
    if desk.boxless and left == 0:
        frame.empty("All photos have a box", "Now a network can learn from them.", "Go to training", "Train")
    elif desk.boxless:
        words = f"{counted(left, 'photo')} stayed without a box. That is fine: training leaves them out."
        frame.empty("You have seen them all", words, "Go to training", "Train")
    else:
        frame.empty("You have seen them all", "Your boxes are saved.", "Go to training", "Train")
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button("Go through them again", on_click=start_again, args=(desk,), icon=":material/replay:")
        st.button("Back", shortcut="Left", on_click=go_back, args=(desk,), disabled=not desk.trail)
        st.button("Undo", shortcut="U", on_click=undo, args=(desk,))
