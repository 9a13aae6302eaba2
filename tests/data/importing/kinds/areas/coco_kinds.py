"""COCO JSON as it is exported, and as it goes wrong."""

from tests.data.importing.formats.small_sets import coco, image, mark
from tests.data.importing.kinds.contents import photos, turned
from tests.data.importing.kinds.kind import Kind, boxed, exact, problem, question, remark

AREA = "COCO JSON"

FILE = "instances_default.json"
SIZE = {"width": 64, "height": 48}
ONE_IMAGE: list[object] = [image(1, "a.png", **SIZE)]
ANT = boxed(("ant", 2, 3, 20, 10))
BEE = boxed(("bee", 4, 5, 30, 20))
TWO_IMAGES: list[object] = [image(1, "a.png", **SIZE), image(2, "b.png", **SIZE)]
TWO_MARKS: list[object] = [mark(1, 1, 1, 2, 3, 20, 10), mark(2, 2, 2, 4, 5, 30, 20)]
A_AND_B = {"a.png": ANT, "b.png": BEE}
PHOTOS = photos("images/a.png", "images/b.png")


def one(*bbox: object, **more: object) -> dict[str, str | bytes]:
    """A photo with one box of these numbers."""
    return {FILE: coco(ONE_IMAGE, [mark(1, 1, 1, *bbox, **more)]), **photos("images/a.png")}


def two(
    images: list[object] | None = None, marks: list[object] | None = None, categories: list[object] | None = None
) -> dict[str, str | bytes]:
    """Two photos with a box each, apart from what is given."""
    return {FILE: coco(images or [*TWO_IMAGES], marks or [*TWO_MARKS], categories), **PHOTOS}


KINDS: tuple[Kind, ...] = (
    exact("annotations of two photos", two(), A_AND_B, classes=("ant", "bee", "cat")),
    exact("the same in a zip", two(), A_AND_B, zipped=True),
    exact("the JSON alone, with --images", two(), A_AND_B, source=FILE, images="images"),
    exact(
        "several boxes of several classes on a photo",
        two(marks=[mark(1, 1, 1, 2, 3, 20, 10), mark(2, 1, 2, 4, 5, 30, 20), mark(3, 2, 2, 4, 5, 30, 20)]),
        {"a.png": boxed(("ant", 2, 3, 20, 10), ("bee", 4, 5, 30, 20)), "b.png": BEE},
    ),
    exact(
        "instances_train2017.json and instances_val2017.json",
        {
            "annotations/instances_train2017.json": coco([image(1, "a.png")], [mark(1, 1, 1, 2, 3, 20, 10)]),
            "annotations/instances_val2017.json": coco([image(1, "b.png")], [mark(1, 1, 2, 4, 5, 30, 20)]),
            **photos("train2017/a.png", "val2017/b.png"),
        },
        {"a.png": boxed(("ant", 2, 3, 20, 10), split="train"), "b.png": boxed(("bee", 4, 5, 30, 20), split="val")},
    ),
    exact(
        "_annotations.coco.json in train, valid and test, as Roboflow writes it",
        {
            **{
                f"{split}/_annotations.coco.json": coco(
                    [image(0, f"{split}.jpg")],
                    [mark(0, 0, 1, 2, 3, 20, 10)],
                    [
                        {"id": 0, "name": "bugs", "supercategory": "none"},
                        {"id": 1, "name": "ant", "supercategory": "bugs"},
                    ],
                )
                for split in ("train", "valid", "test")
            },
            **photos("train/train.jpg", "valid/valid.jpg", "test/test.jpg"),
        },
        {
            f"{folder}.jpg": boxed(("ant", 2, 3, 20, 10), split=split)
            for folder, split in (("train", "train"), ("valid", "val"), ("test", "test"))
        },
    ),
    exact(
        "ids written as text",
        two(
            [image("1", "a.png"), image("2", "b.png")],
            [mark("1", "1", "1", 2, 3, 20, 10), mark("2", "2", "2", 4, 5, 30, 20)],
            [{"id": "1", "name": "ant"}, {"id": "2", "name": "bee"}],
        ),
        A_AND_B,
    ),
    exact(
        "category ids with gaps, not in their order",
        two(
            marks=[mark(1, 1, 90, 2, 3, 20, 10), mark(2, 2, 7, 4, 5, 30, 20)],
            categories=[{"id": 90, "name": "ant"}, {"id": 7, "name": "bee"}],
        ),
        A_AND_B,
    ),
    problem(
        "two categories share an id",
        two(categories=[{"id": 1, "name": "ant"}, {"id": 2, "name": "bee"}, {"id": 2, "name": "wasp"}]),
        {"a.png": ANT, "b.png": None},
        'the category id 2 stands for "bee" and "wasp"',
    ),
    problem(
        "an annotation of a category that is not there",
        two(marks=[mark(1, 1, 1, 2, 3, 20, 10), mark(2, 2, 9, 4, 5, 30, 20)]),
        {"a.png": ANT, "b.png": None},
        "category",
    ),
    problem(
        "an annotation of a photo that is not listed",
        two(marks=[*TWO_MARKS, mark(3, 9, 1, 1, 1, 5, 5)]),
        A_AND_B,
        "image",
    ),
    problem(
        "an annotation without image_id",
        two(marks=[*TWO_MARKS, {"id": 3, "category_id": 1, "bbox": [1, 1, 5, 5]}]),
        A_AND_B,
        "image",
    ),
    problem(
        "a category without a name",
        two(categories=[{"id": 1, "name": "ant"}, {"id": 2}]),
        {"a.png": ANT, "b.png": None},
        "2",
    ),
    problem(
        "a photo that is listed and not there",
        {FILE: coco([*TWO_IMAGES], [*TWO_MARKS]), **photos("images/a.png")},
        {"a.png": ANT},
        "b.png",
    ),
    exact("a photo without annotations", two(marks=[TWO_MARKS[0]]), {"a.png": ANT, "b.png": None}),
    question(
        "boxes as fractions",
        one(0.25, 0.25, 0.5, 0.5),
        {"box-unit": "fractions"},
        {"a.png": boxed(("ant", 16, 12, 32, 24))},
        "Are the numbers fractions of the photo",
    ),
    question(
        "boxes in percent",
        {
            FILE: coco([image(1, "a.png")], [mark(1, 1, 1, 10, 20, 50, 50), mark(2, 1, 2, 90, 90, 10, 10)]),
            **photos("images/a.png", width=40, height=30),
        },
        {"box-beyond": "percent"},
        {"a.png": boxed(("ant", 4, 6, 20, 15), ("bee", 36, 27, 4, 3))},
    ),
    question(
        "boxes as two corners",
        {
            FILE: coco([image(1, "a.png")], [mark(1, 1, 1, 40, 30, 60, 44), mark(2, 1, 2, 30, 20, 50, 40)]),
            **photos("images/a.png"),
        },
        {"box-corners": "corners"},
        {"a.png": boxed(("ant", 40, 30, 20, 14), ("bee", 30, 20, 20, 20))},
    ),
    question(
        "a box that reaches far beyond the photo",
        one(50, 30, 40, 40),
        {"box-beyond": "keep"},
        {"a.png": boxed(("ant", 50, 30, 40, 40))},
        "1 box reaches beyond its photo",
    ),
    problem(
        "a box with a negative width",
        one(20, 10, -5, 8),
        {"a.png": None},
        "annotation 1: the box (20, 10, -5, 8) has its corners swapped",
    ),
    problem(
        "a box with NaN",
        {FILE: coco(ONE_IMAGE, [mark(1, 1, 1, 2, float("nan"), 20, 10)]), **photos("images/a.png")},
        {"a.png": None},
        "nan",
    ),
    remark(
        "an outline without a box",
        {
            FILE: coco(
                ONE_IMAGE, [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[5, 5, 25, 5, 25, 15, 5, 15]]}]
            ),
            **photos("images/a.png"),
        },
        {"a.png": boxed(("ant", 5, 5, 20, 10))},
        "outline",
    ),
    problem(
        "categories of photos, without boxes",
        two(marks=[{"id": 1, "image_id": 1, "category_id": 1}, {"id": 2, "image_id": 2, "category_id": 2}]),
        {"a.png": None, "b.png": None},
        "annotation 1: it has no box (bbox)",
    ),
    question(
        "categories a and A",
        two(categories=[{"id": 1, "name": "a"}, {"id": 2, "name": "A"}]),
        {"class-case": "two"},
        {"a.png": boxed(("a", 2, 3, 20, 10)), "b.png": boxed(("A", 4, 5, 30, 20))},
    ),
    exact(
        "a turned photo whose upright size is named",
        {FILE: coco([image(1, "a.jpg", width=48, height=64)], [mark(1, 1, 1, 2, 3, 20, 10)]), **turned("images/a.jpg")},
        {"a.jpg": boxed(("ant", 2, 3, 20, 10))},
    ),
    question(
        "a turned photo without a size",
        {FILE: coco([image(1, "a.jpg")], [mark(1, 1, 1, 2, 3, 20, 10)]), **turned("images/a.jpg")},
        {"box-orientation": "upright"},
        {"a.jpg": boxed(("ant", 2, 3, 20, 10))},
    ),
    remark(
        "%20 in a file name",
        {FILE: coco([image(1, "my%20photo.png")], [mark(1, 1, 1, 2, 3, 20, 10)]), **photos("images/my photo.png")},
        {"images/my photo.png": ANT},
        "my%20photo.png with images/my photo.png",
    ),
    remark(
        "?size= after a file name",
        {
            FILE: coco([image(1, "https://host/x/a.png?size=large")], [mark(1, 1, 1, 2, 3, 20, 10)]),
            **photos("images/a.png"),
        },
        {"images/a.png": ANT},
        "https://host/x/a.png?size=large with images/a.png",
    ),
    exact(
        "paths of Windows",
        {FILE: coco([image(1, "C:\\data\\images\\a.png")], [mark(1, 1, 1, 2, 3, 20, 10)]), **photos("images/a.png")},
        {"images/a.png": ANT},
    ),
    problem(
        "a path in another folder",
        {
            FILE: coco(
                [image(1, "left/1.png"), image(2, "right/2.png")],
                [mark(1, 1, 1, 2, 3, 20, 10), mark(2, 2, 2, 4, 5, 30, 20)],
            ),
            **photos("left/1.png", "other/2.png"),
        },
        {"left/1.png": ANT, "other/2.png": None},
        "right/2.png",
    ),
    problem(
        "a name without folder that two photos have",
        {FILE: coco([image(1, "1.png")], [mark(1, 1, 1, 2, 3, 20, 10)]), **photos("left/1.png", "right/1.png")},
        {"left/1.png": None, "right/1.png": None},
        "1.png",
    ),
    exact("UTF-16 with a mark", {FILE: coco([*TWO_IMAGES], [*TWO_MARKS]).encode("utf-16"), **PHOTOS}, A_AND_B),
    exact("UTF-8 with a mark", {FILE: coco([*TWO_IMAGES], [*TWO_MARKS]).encode("utf-8-sig"), **PHOTOS}, A_AND_B),
    problem(
        "a file that is cut off",
        {FILE: coco([*TWO_IMAGES], [*TWO_MARKS])[:-40], **PHOTOS},
        {"a.png": None, "b.png": None},
        FILE,
    ),
    exact(
        "two annotations share an id", two(marks=[mark(1, 1, 1, 2, 3, 20, 10), mark(1, 2, 2, 4, 5, 30, 20)]), A_AND_B
    ),
)
