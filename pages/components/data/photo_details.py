"""Photo details: size, name, annotator and time, with a select box to change the class."""

from io import BytesIO
from pathlib import Path

import streamlit as st
from PIL import Image

from core.data.pictures.box import Box
from core.data.pictures.box_drawing import jpeg_with_boxes
from core.data.store.store import Project
from core.errors import DataError
from pages.components.shared import frame
from pages.components.shared.wording import format_size, format_time, plain, unique_options

DISPLAY_PIXELS = 1024
_RESTORE = "Add the photo again: it keeps its label."


@st.dialog("Photo", width="medium")
def show_details(project: Project, image_id: int) -> None:
    """Open a dialog with one photo."""
    try:
        row = frame.store().image(project.id, image_id)
    except DataError as error:
        st.error(plain(str(error)))
        return
    st.html("<style>.st-key-photo-details img { max-height: 52vh; object-fit: contain; }</style>")
    with st.container(key="photo-details"):
        picture = display_bytes(row.hash, str(frame.store().image_path(row.hash)))
        boxes = frame.store().boxes(project.id, [row.id]).get(row.id, [])
        if boxes:
            picture = jpeg_with_boxes(
                frame.store().image_path(row.hash).read_bytes(),
                row.filename,
                [(box.label, Box(box.x, box.y, box.width, box.height)) for box in boxes],
                pixels=DISPLAY_PIXELS,
            )
        st.image(picture, width="stretch", alt=f"{row.filename}, {row.label or 'no label'}")
    facts = [f"{row.width} × {row.height} pixels", format_size(row.bytes), f"split: {row.split or 'none yet'}"]
    if row.annotated_by and row.annotated_at:
        facts.append(f"labelled by {plain(row.annotated_by)}, {format_time(row.annotated_at)}")
    if row.group:
        facts.append(f"group: {plain(row.group)}")
    if tags := frame.store().tags_of(project.id, [row.id]).get(row.id):
        facts.append(f"tags: {', '.join(map(plain, tags))}")
    st.markdown(f"**{plain(row.filename)}**  \n{' · '.join(facts)}")
    choices: list[tuple[str, str | None]] = [(one.name, one.name) for one in frame.store().classes(project.id)]
    labels = unique_options([("No label", None), *choices])
    named = st.selectbox("Class", list(labels), list(labels.values()).index(row.label), key=f"detail-{row.id}")
    if labels[named] != row.label:
        frame.store().annotate(project.id, [row.id], labels[named], frame.who())
        st.rerun()


@st.cache_data(show_spinner=False, max_entries=256)
def display_bytes(image_hash: str, path: str, pixels: int = DISPLAY_PIXELS) -> bytes:
    """Return a stored picture as bytes for the screen: the file itself if small enough, else a smaller JPEG."""
    try:
        data = Path(path).read_bytes()
        with Image.open(BytesIO(data)) as image:
            if max(image.size) <= pixels and image.format in ("JPEG", "PNG", "WEBP"):
                return data
            # Decode a JPEG at half or a quarter of its size where that is enough: much faster for camera photos.
            image.draft("RGB", (pixels, pixels))
            smaller = image.convert("RGB")
    except FileNotFoundError as error:
        raise DataError(f"The file of this photo is missing. {_RESTORE}") from error
    except OSError as error:  # Pillow's errors for an empty, damaged or truncated picture are of this kind, too
        raise DataError(f"The file of this photo cannot be read; it may be damaged. {_RESTORE}") from error
    smaller.thumbnail((pixels, pixels), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = BytesIO()
    smaller.save(out, "JPEG", quality=88)
    return out.getvalue()
