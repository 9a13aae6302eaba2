"""YOLO text as it is exported, and as it goes wrong."""

from tests.data.importing.kinds.contents import photos, turned
from tests.data.importing.kinds.kind import Kind, boxed, exact, problem, question, remark

AREA = "YOLO text"

MIDDLE = (16, 12, 32, 24)
LINE = "{} 0.5 0.5 0.5 0.5\n"
ANT, BEE = boxed(("ant", *MIDDLE)), boxed(("bee", *MIDDLE))
SETTINGS = "train: images/train\nval: images/val\nnames:\n  0: ant\n  1: bee\n"
TRAIN_AND_VAL = {"a.png": boxed(("ant", *MIDDLE), split="train"), "b.png": boxed(("bee", *MIDDLE), split="val")}


def two(names: str = "ant\nbee\n") -> dict[str, str | bytes]:
    """Two photos with a box each, and classes.txt."""
    labels = {"labels/a.txt": LINE.format(0), "labels/b.txt": LINE.format(1)}
    return {"classes.txt": names, **labels, **photos("images/a.png", "images/b.png")}


def lines(*texts: str) -> dict[str, str | bytes]:
    """One photo with these lines."""
    return {"classes.txt": "ant\nbee\n", "labels/a.txt": "".join(f"{one}\n" for one in texts), **photos("images/a.png")}


def in_splits(settings: str = SETTINGS, name: str = "data.yaml") -> dict[str, str | bytes]:
    labels = {"labels/train/a.txt": LINE.format(0), "labels/val/b.txt": LINE.format(1)}
    return {name: settings, **labels, **photos("images/train/a.png", "images/val/b.png")}


KINDS: tuple[Kind, ...] = (
    exact(
        "data.yaml with numbered names, images/train and labels/train",
        in_splits(),
        TRAIN_AND_VAL,
        classes=("ant", "bee"),
    ),
    exact("the same in a zip", in_splits(), TRAIN_AND_VAL, zipped=True),
    exact(
        "data.yaml with a list of names",
        in_splits("train: images/train\nval: images/val\nnc: 2\nnames: [ant, bee]\n"),
        TRAIN_AND_VAL,
    ),
    exact("settings of another name", in_splits(name="my birds.yml"), TRAIN_AND_VAL),
    exact(
        "train/images and train/labels, as Roboflow writes it",
        {
            "data.yaml": "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['ant', 'bee']\n",
            "train/labels/a.txt": LINE.format(0),
            "valid/labels/b.txt": LINE.format(1),
            **photos("train/images/a.png", "valid/images/b.png"),
        },
        TRAIN_AND_VAL,
    ),
    exact("classes.txt, images and labels", two(), {"a.png": ANT, "b.png": BEE}),
    exact(
        "labels beside the photos",
        {"classes.txt": "ant\nbee\n", "a.txt": LINE.format(0), "b.txt": LINE.format(1), **photos("a.png", "b.png")},
        {"a.png": ANT, "b.png": BEE},
    ),
    exact(
        "obj.data and obj.names of Darknet",
        {
            "data/obj.data": "classes = 2\ntrain = data/train.txt\nvalid = data/test.txt\nnames = data/obj.names\n",
            "data/obj.names": "ant\nbee\n",
            "data/train.txt": "data/obj/a.png\n",
            "data/test.txt": "data/obj/b.png\n",
            "data/obj/a.txt": LINE.format(0),
            "data/obj/b.txt": LINE.format(1),
            **photos("data/obj/a.png", "data/obj/b.png"),
        },
        {
            "data/obj/a.png": boxed(("ant", *MIDDLE), split="train"),
            "data/obj/b.png": boxed(("bee", *MIDDLE), split="val"),
        },
    ),
    exact(
        "names that are quoted, with an umlaut and a colon",
        in_splits("train: images/train\nval: images/val\nnames: {0: 'Käfer: rot', 1: \"bee\"}\n"),
        {"a.png": boxed(("Käfer: rot", *MIDDLE), split="train"), "b.png": boxed(("bee", *MIDDLE), split="val")},
    ),
    remark(
        "classes.txt with numbers: 0 ant",
        two("0 ant\n1 bee\n"),
        {"a.png": ANT, "b.png": BEE},
        "classes.txt: each line has the number of its class, which is not part of the name: ant, bee",
    ),
    question(
        "no list of classes",
        {name: data for name, data in two().items() if name != "classes.txt"},
        {"class-list": "numbers"},
        {"a.png": boxed(("0", *MIDDLE)), "b.png": boxed(("1", *MIDDLE))},
    ),
    question(
        "two lists of classes that differ",
        {**two(), "data.yaml": "nc: 2\nnames: [bee, ant]\n"},
        {"class-list": "classes.txt"},
        {"a.png": ANT, "b.png": BEE},
    ),
    problem(
        "a number without a class",
        lines("0 0.5 0.5 0.5 0.5", "7 0.5 0.5 0.5 0.5"),
        {"a.png": ANT},
        "labels/a.txt, line 2: there is no class 7 in the list of 2 classes",
    ),
    problem(
        "another count of classes than names", in_splits(SETTINGS + "nc: 3\n"), TRAIN_AND_VAL, "data.yaml", "3 classes"
    ),
    exact("a photo with an empty file of labels", {**two(), "labels/b.txt": ""}, {"a.png": ANT, "b.png": None}),
    exact(
        "a photo without a file of labels",
        {name: data for name, data in two().items() if name != "labels/b.txt"},
        {"a.png": ANT, "b.png": None},
    ),
    problem(
        "labels without their photo",
        {**two(), "labels/c.txt": LINE.format(0)},
        {"a.png": ANT, "b.png": BEE},
        "labels/c.txt",
    ),
    remark(
        "outlines of segmentation",
        lines("0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75 0.3 0.5"),
        {"a.png": ANT},
        "the box around",
    ),
    remark("turned boxes (OBB)", lines("0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75"), {"a.png": ANT}, "the box around"),
    exact("a confidence after the box", lines("0 0.5 0.5 0.5 0.5 0.87"), {"a.png": ANT}),
    question(
        "a confidence and a track after the box",
        lines("0 0.5 0.5 0.5 0.5 0.87 1"),
        {"yolo-lines": "boxes"},
        {"a.png": ANT},
    ),
    exact(
        "key points that the settings describe",
        {
            "data.yaml": "train: images\nnames: [ant]\nkpt_shape: [2, 3]\n",
            "labels/a.txt": "0 0.5 0.5 0.5 0.5 0.3 0.3 2 0.6 0.6 1\n",
            **photos("images/a.png"),
        },
        {"a.png": boxed(("ant", *MIDDLE), split="train")},
    ),
    question(
        "boxes as left and top instead of the centre",
        lines("0 0.6 0.6 0.4 0.4", "1 0.05 0.05 0.6 0.6"),
        {"box-place": "corner"},
        {"a.png": boxed(("ant", 38.4, 28.8, 25.6, 19.2), ("bee", 3.2, 2.4, 38.4, 28.8))},
    ),
    question(
        "boxes as two corners instead of the centre",
        lines("0 0.5 0.5 1 1", "1 0.1 0.1 0.9 0.9", "0 0.1 0.2 0.8 0.9", "0 0.2 0.1 0.9 0.8"),
        {"box-corners": "corners"},
        {
            "a.png": boxed(
                ("ant", 32, 24, 32, 24),
                ("bee", 6.4, 4.8, 51.2, 38.4),
                ("ant", 6.4, 9.6, 44.8, 33.6),
                ("ant", 12.8, 4.8, 44.8, 33.6),
            )
        },
    ),
    question(
        "a single box that fits as two corners only",
        lines("0 0.5 0.5 1 1", "1 0.1 0.1 0.9 0.9"),
        {"box-place": "corners"},
        {"a.png": boxed(("ant", 32, 24, 32, 24), ("bee", 6.4, 4.8, 51.2, 38.4))},
        "1 box reaches beyond the photo if x and y are the centre",
    ),
    problem("a box in pixels", lines("0 32 24 32 24", "1 0.5 0.5 0.5 0.5"), {"a.png": BEE}, "they may be pixels"),
    problem("decimal commas", lines("0 0,5 0,5 0,5 0,5", "1 0.5 0.5 0.5 0.5"), {"a.png": BEE}, "labels/a.txt, line 1"),
    problem("NaN", lines("0 0.5 nan 0.5 0.5", "1 0.5 0.5 0.5 0.5"), {"a.png": BEE}, "labels/a.txt, line 1"),
    problem(
        "a box without a size", lines("0 0.5 0.5 0 0", "1 0.5 0.5 0.5 0.5"), {"a.png": BEE}, "labels/a.txt, line 1"
    ),
    question(
        "a turned photo",
        {
            "classes.txt": "ant\n",
            "labels/a.txt": LINE.format(0).replace("0.5 0.5 0.5 0.5", "0.25 0.25 0.5 0.25"),
            **turned("images/a.jpg"),
        },
        {"box-orientation": "upright"},
        {"a.jpg": boxed(("ant", 0, 8, 24, 16))},
    ),
    question(
        "classes a and A",
        two("a\nA\n"),
        {"class-case": "two"},
        {"a.png": boxed(("a", *MIDDLE)), "b.png": boxed(("A", *MIDDLE))},
    ),
    exact(
        "classes.txt in UTF-16",
        {**two(), "classes.txt": "Käfer\nBiene\n".encode("utf-16")},
        {"a.png": boxed(("Käfer", *MIDDLE)), "b.png": boxed(("Biene", *MIDDLE))},
    ),
    question(
        "classes.txt in cp1251",
        {**two(), "classes.txt": "муравей\nпчела\n".encode("cp1251")},
        {"encoding": "cp1251"},
        {"a.png": boxed(("муравей", *MIDDLE)), "b.png": boxed(("пчела", *MIDDLE))},
    ),
    problem(
        "a file of labels in another format",
        {**two(), "labels/b.txt": "ant 12 bee\n"},
        {"a.png": ANT, "b.png": None},
        "labels/b.txt",
    ),
    exact(
        "class folders of YOLO for classification",
        photos("train/ant/a.png", "train/bee/b.png", "val/ant/c.png", "val/bee/d.png"),
        {
            "train/ant/a.png": ("ant", "train"),
            "train/bee/b.png": ("bee", "train"),
            "val/ant/c.png": ("ant", "val"),
            "val/bee/d.png": ("bee", "val"),
        },
    ),
    problem(
        "two photos whose names differ in their suffix only",
        {"classes.txt": "ant\nbee\n", "labels/a.txt": LINE.format(0), **photos("images/a.png", "images/a.jpg")},
        {"a.png": None, "a.jpg": None},
        "labels/a.txt: it may belong to images/a.jpg or images/a.png",
    ),
    problem(
        "a file of labels whose photo differs in case: a.txt and A.PNG",
        {
            "classes.txt": "ant\nbee\n",
            "labels/a.txt": LINE.format(0),
            "labels/b.txt": LINE.format(1),
            **photos("images/A.PNG", "images/b.png"),
        },
        {"A.PNG": None, "b.png": BEE},
        "labels/a.txt",
    ),
)
