"""The project's photos: view and add photos, see counts and splits, check labels, export them."""

import streamlit as st

from pages.components.data.add_photos import add_photos
from pages.components.data.check_labels import check_labels
from pages.components.data.export_labels import labels_csv
from pages.components.data.groups.group_section import groups
from pages.components.data.importing.import_line import import_line
from pages.components.data.importing.import_progress import import_of
from pages.components.data.photo_grid import photo_grid
from pages.components.data.splits import splits
from pages.components.shared import frame
from pages.components.shared.undo_line import undo_line

SECTIONS = {
    "Photos": ":material/grid_view:",
    "Add photos": ":material/add_photo_alternate:",
    "Splits and sizes": ":material/bar_chart:",
    "Groups": ":material/group_work:",
    "Check labels": ":material/rule:",
    "Download labels": ":material/table:",
}

with frame.page("Data"):
    project = frame.need_project()
    job = import_of(project)
    has_photos = frame.store().count(project.id) > 0
    if "data-section" not in st.session_state:
        # A reload during an import, or soon after it, shows the import again.
        st.session_state["data-section"] = "Photos" if has_photos and not (job and job.recent) else "Add photos"
    section = st.segmented_control(
        "Section",
        list(SECTIONS),
        format_func=lambda name: f"{SECTIONS[name]} {name}",
        required=True,
        key="data-section",
        label_visibility="collapsed",
        wrap=True,
    )
    importing = section != "Add photos" and import_line(project, until_photos=not has_photos) is not None
    if section == "Add photos":
        add_photos(project)
    elif importing and not has_photos:
        st.markdown("The photos appear here when the first of them are imported.")
    elif section == "Splits and sizes":
        splits(project)
    elif section == "Groups":
        groups(project)
    elif section == "Check labels" and has_photos:
        check_labels(project)
    elif section == "Download labels":
        labels_csv(project)
    elif has_photos:
        photo_grid(project)
    else:
        undo_line(project)
        frame.empty_state(
            "No photos yet", "Choose *Add photos* above to upload photos, a zip, or photos with a labels.csv."
        )
