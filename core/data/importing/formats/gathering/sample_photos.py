"""Show a photo with the boxes that labels give it, for a question that comes before those about the boxes' numbers."""

from collections.abc import Sequence

from core.data.importing.boxes.measured import as_read, objects_in_pixels
from core.data.importing.formats.gathered_labels import Files
from core.data.importing.formats.image_size import stored_size_of
from core.data.tables.label_rows import BoxFrame, LabelledBox
from core.data.tables.questions import SamplePhoto
from core.errors import ImageRefused


def sample_photo(path: str, files: Files, objects: Sequence[LabelledBox], frame: BoxFrame) -> SamplePhoto:
    """Return the photo with these boxes, in pixels of the photo as it is read."""
    boxes = tuple(objects)
    try:
        stored = stored_size_of(files[path]()) if boxes else None
    except ImageRefused:
        stored = None
    if stored is None:
        return SamplePhoto(path, files[path], tuple((one.label or "", one.box) for one in boxes))
    if frame.fractions:
        boxes = objects_in_pixels(boxes, stored.upright)
    return SamplePhoto(path, files[path], tuple((one.label or "", one.box) for one in as_read(stored, boxes)))
