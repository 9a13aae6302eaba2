"""The photo to explain: from the samples, the project, an upload, the clipboard or the camera."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from PIL import Image

from core.data.limited.photos import decoded_photo
from core.data.pictures.box import Box
from core.data.pictures.decoding import IMAGE_SUFFIXES, decode
from core.data.store.store import ImageFilter, ImageRow, Project
from core.data.tables.labels_csv import read_labels
from core.errors import DataError
from core.runs.exams.locked import locked_for
from core.runs.exams.records import TEST, exams_or_one_unknown
from core.runs.folder import RunFolder
from core.workspace import SAMPLE_IMAGES
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, choose, wall
from pages.components.shared.pickers import sample_photos
from pages.components.shared.session import number_in_address
from pages.components.shared.wording import plain

PHOTOS_PER_PAGE = 30
WITHOUT_TEST = ImageFilter(untested=True)
EXAMINED = "photo-from-exam"
KEPT_BACK = "{} is a test photo. It is kept back for the final exam, which this model has not taken."
SUFFIXES = sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES)


@dataclass(frozen=True)
class ChosenPhoto:
    """A photo with its name, and its label if it has one."""

    image: Image.Image
    name: str
    label: str | None = None
    box: Box | None = None
    """The labelled box in pixels of the photo; the largest of several."""
    remarks: tuple[str, ...] = ()


def choose_photo(project: Project | None, run: RunFolder | None) -> ChosenPhoto | None:
    """Draw the choice of a photo; None until one is chosen. For a run, the project's photos are offered first."""
    sources = ["Samples", *(["Project"] if project else []), "File", "Paste", "Camera"]
    if "image" in st.query_params and project:
        _choose_from_address(project, run)
    key = "photo-source" if run is None else "photo-source-run"
    source = st.segmented_control(
        "Photo", sources, default=sources[1] if run and project else sources[0], required=True, key=key,
    )  # fmt: skip
    if source == "Samples":
        return _sample()
    if source == "Project" and project:
        return _of_project(project, run)
    if source == "File":
        file = st.file_uploader("Upload a photo", type=SUFFIXES, key="photo-upload")
        return _uploaded(file.getvalue(), file.name) if file else None
    if source == "Paste":
        return _pasted()
    shot = st.camera_input("Take a photo", key="photo-camera", width=480)
    return _uploaded(shot.getvalue(), "camera.jpg") if shot else None


def _sample() -> ChosenPhoto | None:
    photos = _samples()
    if "sample-wall" not in st.session_state:
        choose("sample-wall", [next(iter(photos))])
    cards = [WallPhoto(name, path, name) for name, path in photos.items()]
    chosen = wall(cards, key="sample-wall", label="Sample photos", select="one", side=96, one_row=True).chosen
    return _decoded(photos[chosen[0]], photos[chosen[0]].name) if chosen else None


@st.cache_data(show_spinner=False)
def _samples() -> dict[str, Path]:
    """Return the single sample photos by name, and one photo of each bird class."""
    photos = {path.stem.replace("_", " ").replace("-", " "): path for path in sample_photos()}
    folder = SAMPLE_IMAGES / "birds"
    for row in read_labels(folder / "labels.csv").rows:
        if row.label is not None:
            photos.setdefault(row.label, folder / "images" / row.filename)
    return photos


def _of_project(project: Project, run: RunFolder | None) -> ChosenPhoto | None:
    splits = {"val": "Validation", "train": "Training", None: "All except test"}
    examined = _examined(project, run)
    if examined is not None:
        splits[TEST] = "From the exam"
    elif st.session_state.get("photo-split") == TEST:
        st.session_state["photo-split"] = "val"
    if "photo-split" not in st.session_state and not frame.store().count(project.id, ImageFilter(split="val")):
        st.session_state["photo-split"] = None  # before the first training, no photo has a split
    # The test photos are for the final exam: only one that a run was shown in its exam comes here, by its link.
    split = st.segmented_control(
        "Split", list(splits), default="val", required=True, key="photo-split",
        format_func=lambda name: splits[name], label_visibility="collapsed",
    )  # fmt: skip
    where = ImageFilter(split=split) if split else WITHOUT_TEST
    if not frame.store().count(project.id, where):
        st.caption("The project has no photos in this split.")
        return None
    row = examined if split == TEST else _pick(project, where, f"photo-{project.id}-{split}")
    if row is None:
        return None
    found = _decoded(frame.store().image_path(row.hash), row.filename)
    boxes = frame.store().boxes(project.id, [row.id]).get(row.id, []) if project.task == "localization" else []
    largest = max(boxes, key=lambda box: box.width * box.height, default=None)
    true = Box(largest.x, largest.y, largest.width, largest.height) if largest else None
    return ChosenPhoto(found.image, row.filename, row.label, true)


def _pick(project: Project, where: ImageFilter, key: str) -> ImageRow | None:
    """Draw the project's photos in a single row, so that the heatmap stays in view; the first one is preselected."""
    pages = -(-frame.store().count(project.id, where) // PHOTOS_PER_PAGE)
    page = st.pagination(pages, key=f"{key}-page") if pages > 1 else 1
    rows = frame.store().images(project.id, where, offset=(page - 1) * PHOTOS_PER_PAGE, limit=PHOTOS_PER_PAGE)
    wall_key = f"{key}-wall-{page}"
    if wall_key not in st.session_state:
        choose(wall_key, [str(rows[0].id)])
    cards = [
        WallPhoto(
            str(row.id),
            frame.store().thumbnail_path(row.hash),
            row.label or "no label",
            muted=row.label is None,
            name=row.filename.rsplit("/", 1)[-1],
        )
        for row in rows
    ]
    chosen = wall(cards, key=wall_key, label="Photos of the project", select="one", side=96, one_row=True).chosen
    return next((row for row in rows if chosen and str(row.id) == chosen[0]), None)


def _pasted() -> ChosenPhoto | None:
    """Return a photo from the clipboard: Streamlit's chat input accepts pasted files, its file uploader does not."""
    # In a container, because a chat input outside one is pinned to the bottom of the page.
    message = st.container().chat_input(
        "Click here, press Ctrl+V (or ⌘V) and then Enter", accept_file=True, file_type=SUFFIXES, key="photo-paste"
    )
    if message and message.files:
        st.session_state["photo-pasted"] = (message.files[0].name, message.files[0].getvalue())
    if "photo-pasted" not in st.session_state:
        st.caption("Paste an image that you copied, such as a screenshot or an image on a web page.")
        return None
    name, data = st.session_state["photo-pasted"]
    return _uploaded(data, name)


def _examined(project: Project, run: RunFolder | None) -> ImageRow | None:
    """Return the test photo that a link from the run's own exam has named, if any."""
    if run is None or locked_for(run.path) or st.session_state.get(EXAMINED, ("", 0, 0))[:2] != (run.id, project.id):
        return None
    try:
        row = frame.store().image(project.id, st.session_state[EXAMINED][2])
    except DataError:  # removed from the project meanwhile
        return None
    return row if row.split == TEST else None


def _choose_from_address(project: Project, run: RunFolder | None) -> None:
    """Select the photo that another page named in ``?image=``, and remove it so that another can be chosen."""
    number = number_in_address(st.query_params.pop("image"))
    if number is None:
        return
    row = frame.store().image(project.id, number)
    if row.split == TEST:
        if run is None or locked_for(run.path) or not exams_or_one_unknown(run):
            st.info(KEPT_BACK.format(plain(row.filename)), icon=":material/school:")
            return
        st.session_state[EXAMINED] = (run.id, project.id, row.id)
        st.session_state["photo-split"] = TEST
        st.session_state["photo-source-run"] = "Project"
        return
    place = [one.id for one in frame.store().images(project.id, WITHOUT_TEST)].index(row.id)
    key = f"photo-{project.id}-None"
    page = place // PHOTOS_PER_PAGE + 1
    choose(f"{key}-wall-{page}", [str(row.id)])
    st.session_state[f"{key}-page"] = page
    st.session_state["photo-split"] = None
    st.session_state["photo-source-run"] = "Project"


def _uploaded(raw: bytes, name: str) -> ChosenPhoto:
    """Return a stranger's photo, decoded apart."""
    decoded = decoded_photo(raw, name)
    return ChosenPhoto(decoded.image, name, remarks=decoded.remarks)


def _decoded(source: Path, name: str) -> ChosenPhoto:
    """Return a photo that was decoded apart once, when it was stored, or one of our own."""
    decoded = decode(source, name)
    return ChosenPhoto(decoded.image, name, remarks=decoded.remarks)
