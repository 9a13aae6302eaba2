"""Write CVAT for images 1.1: tags for classes of photos, boxes in pixels, and the splits as subsets.

https://docs.cvat.ai/docs/manual/advanced/xml_format. In CVAT, make a task with the photos of the zip and with the
labels, then upload the zip as annotations.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import format_number
from core.data.importing.formats.tools.cvat import CORNERS, NO_SUBSET, ROOT
from core.data.importing.formats.tools.label_studio_writer import check_names

FILE, VERSION = "annotations.xml", "1.1"
DIGITS = 9  # of a pixel


def write(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> dict[str, bytes]:
    """Return the file with all images, which belong in ``images``."""
    check_names(classes)
    root = Element(ROOT)
    SubElement(root, "version").text = VERSION
    task = SubElement(SubElement(root, "meta"), "task")
    for tag, text in (("name", "ResNet Studio"), ("size", str(len(pictures))), ("mode", "annotation")):
        SubElement(task, tag).text = text
    labels = SubElement(task, "labels")
    for name in classes:
        label = SubElement(labels, "label")
        SubElement(label, "name").text = name
        SubElement(label, "type").text = "any"
        SubElement(label, "attributes")
    for number, one in enumerate(pictures):
        _add_image(root, number, one)
    indent(root)
    return {FILE: tostring(root, encoding="utf-8", xml_declaration=True)}


def _add_image(root: Element, number: int, one: ExportedImage) -> None:
    values = {"id": str(number), "name": one.name, "subset": one.split or NO_SUBSET}
    image = SubElement(root, "image", {**values, "width": str(one.width), "height": str(one.height)})
    if one.label is not None and not one.boxes:
        SubElement(image, "tag", {"label": one.label, "source": "manual"})
    for box in one.boxes:
        corners = (box.x, box.y, box.x + box.width, box.y + box.height)
        sides = {name: format_number(round(corner, DIGITS)) for name, corner in zip(CORNERS, corners, strict=True)}
        SubElement(image, "box", {"label": box.label, "source": "manual", "occluded": "0", **sides, "z_order": "0"})
