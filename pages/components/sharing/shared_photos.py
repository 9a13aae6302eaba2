"""The photos of a shared project, to look at."""

import streamlit as st

from core.data.store.store import Store
from core.people.records import Person
from core.people.register import Register
from core.people.sharing.gallery import place_of, shared_item
from core.people.sharing.records import Shared
from core.workspace import Workspace
from pages.components.shared.photo_wall import WallPhoto, wall

PHOTOS_PER_PAGE = 60


def show(register: Register, viewer: Person, item: Shared) -> None:
    """Draw the photos with their labels, page by page. Raises PeopleError if they are no longer shared."""
    pages = -(-item.about.photos // PHOTOS_PER_PAGE)
    page = st.pagination(pages, key=f"shared-page-{item.id}") if pages > 1 else 1
    store = Store(Workspace(place_of(register, shared_item(register, viewer, item.id))))
    try:
        project = store.projects()[0].id
        rows = store.images(project, offset=(page - 1) * PHOTOS_PER_PAGE, limit=PHOTOS_PER_PAGE)
        boxes = store.boxes(project, [row.id for row in rows]) if item.about.task == "localization" else {}
        cards = [
            WallPhoto(
                str(row.id),
                store.thumbnail_path(row.hash),
                row.label or "no label",
                muted=row.label is None,
                name=row.filename.rsplit("/", 1)[-1],
                size=(row.width, row.height),
                boxes=tuple((box.x, box.y, box.width, box.height) for box in boxes.get(row.id, [])),
            )
            for row in rows
        ]
    finally:
        store.close()
    wall(cards, key=f"shared-wall-{item.id}-{page}", label="Photos of the shared project")
