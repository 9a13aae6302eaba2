"""Files of annotation tools: CVAT, labelme, VIA, makesense."""

import json
from typing import Any

from tests.data.importing.formats.tools.test_cvat import box as cvat_box
from tests.data.importing.formats.tools.test_cvat import cvat
from tests.data.importing.formats.tools.test_cvat import image as cvat_image
from tests.data.importing.formats.tools.test_labelme import labelme
from tests.data.importing.formats.tools.test_labelme import shape as outline
from tests.data.importing.formats.tools.test_makesense import HEADER, ROWS
from tests.data.importing.formats.tools.test_via import region as via_region
from tests.data.importing.formats.tools.test_via import table as via_table
from tests.data.importing.formats.tools.test_via import via
from tests.data.importing.kinds.contents import photos, turned
from tests.data.importing.kinds.kind import Kind, boxed, exact, problem, question, remark

AREA = "CVAT, labelme, VIA, makesense"

A, A_AND_B = photos("images/a.png", width=100, height=50), photos("images/a.png", "images/b.png", width=100, height=50)
OWL = boxed(("owl", 10, 10, 30, 20))
CLASSES = {"a.png": "owl", "b.png": "duck"}


def cvat_file(*images: str, pictures: dict[str, bytes] = A) -> dict[str, str | bytes]:
    return {"annotations.xml": cvat(*images), **pictures}


def labelme_file(content: dict[str, Any]) -> dict[str, str | bytes]:
    return {"a.json": json.dumps(content), **photos("a.png", width=100, height=50)}


def via_file(content: Any, pictures: dict[str, bytes] = A) -> dict[str, str | bytes]:
    return {"via.json": json.dumps(content), **pictures}


TAG = '<tag label="{}" source="manual"></tag>'
TWO_TAGS = (cvat_image("a.png", TAG.format("owl")), cvat_image("b.png", TAG.format("duck"), 1))
SPECIES = via([via_region(species="owl")])

KINDS: tuple[Kind, ...] = (
    exact("CVAT: tags", cvat_file(*TWO_TAGS, pictures=A_AND_B), CLASSES),
    exact("CVAT: boxes", cvat_file(cvat_image("a.png", cvat_box())), {"a.png": OWL}),
    exact(
        "CVAT: the XML alone, with --images",
        cvat_file(cvat_image("a.png", cvat_box())),
        {"a.png": OWL},
        source="annotations.xml",
        images="images",
    ),
    remark(
        "CVAT: a polygon",
        cvat_file(cvat_image("a.png", '<polygon label="owl" points="10.0,10.0;40.0,10.0;40.0,30.0"></polygon>')),
        {"a.png": OWL},
        "box around",
    ),
    exact(
        "CVAT: subsets",
        cvat_file(
            cvat_image("a.png", TAG.format("owl"), more=' subset="Train"'),
            cvat_image("b.png", TAG.format("duck"), 1, more=' subset="Test"'),
            pictures=A_AND_B,
        ),
        {"a.png": ("owl", "train"), "b.png": ("duck", "test")},
    ),
    question(
        "CVAT: another size than the photo has",
        cvat_file(cvat_image("a.png", cvat_box(corners=(20, 20, 80, 60)), size=(200, 100))),
        {"box-size": "scale"},
        {"a.png": OWL},
    ),
    remark(
        "CVAT: a turned photo",
        {"annotations.xml": cvat(cvat_image("a.jpg", cvat_box())), **turned("images/a.jpg", width=100, height=50)},
        {"a.jpg": boxed(("owl", 20, 10, 20, 30))},
        "turned with the photo",
    ),
    problem(
        "CVAT: a box without a class",
        cvat_file(cvat_image("a.png", cvat_box("") + cvat_box())),
        {"a.png": OWL},
        "annotations.xml",
    ),
    question(
        "CVAT: tags a and A",
        cvat_file(cvat_image("a.png", TAG.format("a")), cvat_image("b.png", TAG.format("A"), 1), pictures=A_AND_B),
        {"class-case": "two"},
        {"a.png": "a", "b.png": "A"},
    ),
    exact("labelme: rectangles", labelme_file(labelme(outline((10, 10), (40, 30)))), {"a.png": OWL}),
    exact("labelme: corners in another order", labelme_file(labelme(outline((40, 30), (10, 10)))), {"a.png": OWL}),
    remark(
        "labelme: a polygon",
        labelme_file(labelme(outline((10, 10), (40, 12), (20, 30), kind="polygon"))),
        {"a.png": OWL},
        "box around",
    ),
    exact("labelme: a flag as the class", labelme_file(labelme(flags={"owl": True, "duck": False})), {"a.png": "owl"}),
    question(
        "labelme: another size than the photo has",
        labelme_file(labelme(outline((20, 20), (80, 60)), imageHeight=100, imageWidth=200)),
        {"box-size": "scale"},
        {"a.png": OWL},
    ),
    remark(
        "labelme: imagePath of another photo",
        {
            "a.json": json.dumps(labelme(outline((10, 10), (40, 30)), name="b.png")),
            "b.json": json.dumps(labelme(outline((10, 10), (40, 30), label="duck"), name="a.png")),
            **photos("a.png", "b.png", width=100, height=50),
        },
        {"a.png": OWL, "b.png": boxed(("duck", 10, 10, 30, 20))},
        "own name",
    ),
    problem(
        "labelme: a file that is cut off",
        {
            **labelme_file(labelme(outline((10, 10), (40, 30)))),
            "b.json": json.dumps(labelme())[:60],
            **photos("a.png", "b.png", width=100, height=50),
        },
        {"a.png": OWL, "b.png": None},
        "b.json",
    ),
    exact("VIA 2: annotations in JSON", via_file({"a.png7000": SPECIES}), {"a.png": OWL}),
    exact(
        "VIA 2: a project",
        via_file(
            {
                "_via_settings": {"ui": {}},
                "_via_img_metadata": {"a.png7000": SPECIES},
                "_via_attributes": {"region": {}, "file": {}},
            }
        ),
        {"a.png": OWL},
    ),
    exact(
        "VIA 2: CSV",
        {
            "via.csv": via_table(
                ("a.png", 0, {"name": "rect", "x": 10, "y": 10, "width": 30, "height": 20}, {"species": "owl"})
            ),
            **A,
        },
        {"a.png": OWL},
    ),
    exact("VIA 1: regions by number", via_file({"a.png7000": via({"0": via_region(label="owl")})}), {"a.png": OWL}),
    exact(
        "VIA: the class of the file",
        via_file({"a.png1": via([], species="owl"), "b.png2": via([], "b.png", species="duck")}, A_AND_B),
        CLASSES,
    ),
    question(
        "VIA: two attributes of a region",
        via_file({"a.png7000": via([via_region(bird="owl", sex="male")])}),
        {"via-attribute": "bird"},
        {"a.png": OWL},
    ),
    problem(
        "VIA: a region without an attribute",
        via_file({"a.png7000": via([via_region(), via_region(species="owl")])}),
        {"a.png": OWL},
        "via.json",
    ),
    exact(
        "makesense: boxes",
        {"labels_my-project_2024.csv": "owl,10,10,30,20,a.png,100,50\nduck,10,10,30,20,b.png,100,50\n", **A_AND_B},
        {"a.png": OWL, "b.png": boxed(("duck", 10, 10, 30, 20))},
    ),
    exact(
        "makesense: boxes with a header",
        {"labels_my-project_2024.csv": HEADER + ROWS, **A_AND_B},
        {"a.png": boxed(("owl", 10, 10, 30, 20), ("duck", 50, 10, 30, 20)), "b.png": OWL},
    ),
    question(
        "makesense: another size than the photo has",
        {"labels_my-project_2024.csv": "owl,20,20,60,40,a.png,200,100\n", **A},
        {"box-size": "scale"},
        {"a.png": OWL},
    ),
    problem(
        "makesense: a label with a comma",
        {
            "labels_my-project_2024.csv": "duck,10,10,30,20,b.png,100,50\nowl, small,10,10,30,20,a.png,100,50\n",
            **A_AND_B,
        },
        {"a.png": None, "b.png": boxed(("duck", 10, 10, 30, 20))},
        "a label may have a comma",
    ),
    exact("makesense: tags", {"labels_my-project_2024.csv": 'a.png,"[owl]"\nb.png,"[duck]"\n', **A_AND_B}, CLASSES),
)
