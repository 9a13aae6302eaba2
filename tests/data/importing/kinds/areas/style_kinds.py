"""Tables of other tools and competitions: Vertex, Open Images, RetinaNet, TensorFlow, Kaggle."""

import json

from tests.data.importing.kinds.contents import photos
from tests.data.importing.kinds.kind import Kind, boxed, exact, problem, question, refused, remark

AREA = "Tables of other tools"

PICTURES = photos("a.png", "b.png")
OWL, DUCK = boxed(("owl", 16, 12, 32, 24)), boxed(("duck", 0, 0, 32, 24))
OPEN_HEADER = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
)
OPEN_ROWS = "a,xclick,/m/1,1,0.25,0.75,0.25,0.75,0,0,0,0,0\nb,xclick,/m/2,1,0,0.5,0,0.5,0,0,0,0,0\n"
OPEN_NAMES = "/m/1,owl\n/m/2,duck\n"
TENSORFLOW = (
    "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,64,48,owl,16,12,48,36\nb.png,64,48,duck,0,0,32,24\n"
)
RETINANET = "a.png,16,12,48,36,owl\nb.png,0,0,32,24,duck\n"


def table(text: str, name: str = "train.csv", *names: str) -> dict[str, str | bytes]:
    return {name: text, **(photos(*names) if names else PICTURES)}


def vertex_line(name: str, *boxes: dict[str, object], **more: object) -> str:
    row = (
        {"imageGcsUri": f"gs://bucket/{name}", "boundingBoxAnnotations": list(boxes)}
        if boxes
        else {"imageGcsUri": f"gs://bucket/{name}"}
    )
    return json.dumps(row | more) + "\n"


KINDS: tuple[Kind, ...] = (
    exact(
        "Vertex AI: classes with their set",
        table("TRAIN,gs://b/a.png,owl\nTEST,gs://b/b.png,duck\n"),
        {"a.png": ("owl", "train"), "b.png": ("duck", "test")},
    ),
    exact(
        "Vertex AI: classes without a set",
        table("gs://b/a.png,owl\ngs://b/b.png,duck\n"),
        {"a.png": "owl", "b.png": "duck"},
    ),
    exact(
        "AutoML: boxes as two corners, with fractions",
        table("TRAIN,gs://b/a.png,owl,0.25,0.25,,,0.75,0.75,,\nVALIDATION,gs://b/b.png,duck,0,0,,,0.5,0.5,,\n"),
        {"a.png": boxed(("owl", 16, 12, 32, 24), split="train"), "b.png": boxed(("duck", 0, 0, 32, 24), split="val")},
    ),
    exact(
        "AutoML: boxes as four corners",
        table("UNASSIGNED,gs://b/a.png,owl,0.25,0.25,0.75,0.25,0.75,0.75,0.25,0.75\n", "x.csv", "a.png"),
        {"a.png": OWL},
    ),
    problem(
        "AutoML: a corner beyond the photo",
        table("TRAIN,gs://b/a.png,owl,0.25,0.25,,,1.75,0.75,,\nTRAIN,gs://b/b.png,duck,0,0,,,0.5,0.5,,\n"),
        {"a.png": None, "b.png": boxed(("duck", 0, 0, 32, 24), split="train")},
        "line 1: the box (0.25, 0.25, , , 1.75, 0.75, , ) of a.png is not in fractions from 0 to 1",
    ),
    exact(
        "Vertex AI: lines of JSON with classes",
        {
            "import.jsonl": vertex_line("a.png", classificationAnnotation={"displayName": "owl"})
            + vertex_line("b.png", classificationAnnotation={"displayName": "duck"}),
            **PICTURES,
        },
        {"a.png": "owl", "b.png": "duck"},
    ),
    exact(
        "Vertex AI: lines of JSON with boxes",
        {
            "import.jsonl": vertex_line(
                "a.png", {"displayName": "owl", "xMin": 0.25, "yMin": 0.25, "xMax": 0.75, "yMax": 0.75}
            ),
            **photos("a.png"),
        },
        {"a.png": OWL},
    ),
    exact(
        "Open Images: boxes, with the table of names",
        {
            "train-annotations-bbox.csv": OPEN_HEADER + OPEN_ROWS,
            "class-descriptions-boxable.csv": OPEN_NAMES,
            **PICTURES,
        },
        {"a.png": boxed(("owl", 16, 12, 32, 24), split="train"), "b.png": boxed(("duck", 0, 0, 32, 24), split="train")},
    ),
    remark(
        "Open Images: without the table of names",
        table(OPEN_HEADER + OPEN_ROWS, "boxes.csv"),
        {"a.png": boxed(("/m/1", 16, 12, 32, 24)), "b.png": boxed(("/m/2", 0, 0, 32, 24))},
        "are called by their ids",
    ),
    remark(
        "Open Images: a box around a group",
        table(OPEN_HEADER + OPEN_ROWS + "a,xclick,/m/2,1,0,1,0,1,0,0,1,0,0\n", "boxes.csv"),
        {"a.png": boxed(("/m/1", 16, 12, 32, 24)), "b.png": boxed(("/m/2", 0, 0, 32, 24))},
        "boxes around a group (IsGroupOf) are left out: 1",
    ),
    exact(
        "keras-retinanet: boxes, with classes.csv",
        {"annotations.csv": RETINANET.replace("0,0,32,24", "31,1,62,44"), "classes.csv": "owl,0\nduck,1\n", **PICTURES},
        {"a.png": OWL, "b.png": boxed(("duck", 31, 1, 31, 43))},
    ),
    exact(
        "keras-retinanet: a photo without an object",
        {"annotations.csv": "a.png,31,1,62,44,owl\nb.png,,,,,\n", **PICTURES},
        {"a.png": boxed(("owl", 31, 1, 31, 43)), "b.png": None},
    ),
    question(
        "keras-retinanet: numbers that may be corners or sizes",
        {"annotations.csv": "a.png,10,5,30,15,owl\n", **photos("a.png")},
        {"box-corners": "corners"},
        {"a.png": boxed(("owl", 10, 5, 20, 10))},
    ),
    exact("TensorFlow object detection", table(TENSORFLOW, "labels.csv"), {"a.png": OWL, "b.png": DUCK}),
    exact(
        "_annotations.csv in train and valid, as Roboflow writes it",
        {
            "train/_annotations.csv": TENSORFLOW.splitlines()[0] + "\na.png,64,48,owl,16,12,48,36\n",
            "valid/_annotations.csv": TENSORFLOW.splitlines()[0] + "\nb.png,64,48,duck,0,0,32,24\n",
            **photos("train/a.png", "valid/b.png"),
        },
        {
            "train/a.png": boxed(("owl", 16, 12, 32, 24), split="train"),
            "valid/b.png": boxed(("duck", 0, 0, 32, 24), split="val"),
        },
    ),
    question(
        "train_labels.csv and test_labels.csv",
        {
            "train_labels.csv": TENSORFLOW.splitlines()[0] + "\na.png,64,48,owl,16,12,48,36\n",
            "test_labels.csv": TENSORFLOW.splitlines()[0] + "\nb.png,64,48,duck,0,0,32,24\n",
            **PICTURES,
        },
        {"which-table": "all"},
        {"a.png": boxed(("owl", 16, 12, 32, 24), split="train"), "b.png": boxed(("duck", 0, 0, 32, 24), split="test")},
    ),
    question(
        "train.csv and test.csv with equal names, in folders of equal photos' names",
        {
            "train.csv": "filename,label\n1.png,owl\n2.png,duck\n",
            "test.csv": "filename,label\n1.png,duck\n",
            **photos("train/1.png", "train/2.png", "test/1.png"),
        },
        {"which-table": "all"},
        {"train/1.png": ("owl", "train"), "train/2.png": ("duck", "train"), "test/1.png": ("duck", "test")},
    ),
    exact(
        "Kaggle: ids without suffix in train.csv, photos in train",
        table("id,breed\n7a,owl\n8b,duck\n", "train.csv", "train/7a.jpg", "train/8b.jpg"),
        {"train/7a.jpg": ("owl", "train"), "train/8b.jpg": ("duck", "train")},
    ),
    remark(
        "Kaggle: photos of test without a row",
        table("id,breed\n7a,owl\n8b,duck\n", "train.csv", "train/7a.jpg", "train/8b.jpg", "test/9c.jpg"),
        {"train/7a.jpg": ("owl", "train"), "train/8b.jpg": ("duck", "train"), "test/9c.jpg": (None, "test")},
        "1 photo in test has no row; it is imported without a label",
    ),
    remark(
        "Kaggle: one-hot columns",
        table("image,MEL,NV\na,1,0\nb,0,1\n"),
        {"a.png": "MEL", "b.png": "NV"},
        "the class is the column with a 1: MEL, NV",
    ),
    problem(
        "Kaggle: one-hot columns without a 1",
        table("image,MEL,NV\na,1,0\nb,0,0\n"),
        {"a.png": "MEL", "b.png": None},
        "line 3: no column has a 1",
    ),
    question(
        "Kaggle: one-hot columns with two 1",
        table("image,MEL,NV\na,1,0\nb,1,1\n"),
        {"several-labels": "joined"},
        {"a.png": "MEL", "b.png": "MEL + NV"},
    ),
    refused(
        "Kaggle: probabilities instead of one-hot columns", table("image,MEL,NV\na,0.9,0.1\nb,0.2,0.8\n"), "train.csv"
    ),
    question(
        "Kaggle: several labels with spaces between",
        table("image_name,tags\na,clear primary\nb,clear\n"),
        {"several-labels": "joined"},
        {"a.png": "clear + primary", "b.png": "clear"},
    ),
    question(
        "Kaggle: several labels with bars between",
        table("image,labels\na.png,Effusion|Mass\nb.png,Mass\n"),
        {"several-labels": "joined"},
        {"a.png": "Effusion + Mass", "b.png": "Mass"},
    ),
    exact(
        "Kaggle: classes of two words are no two labels",
        table("image_id,label\na,barn owl\nb,wood duck\n"),
        {"a.png": "barn owl", "b.png": "wood duck"},
    ),
    exact(
        "Kaggle: a box in a cell, with a class",
        table('image_id,width,height,bbox,label\na,64,48,"[33, 12, 30, 24]",owl\nb,64,48,"[0, 25, 32, 20]",duck\n'),
        {"a.png": boxed(("owl", 33, 12, 30, 24)), "b.png": boxed(("duck", 0, 25, 32, 20))},
    ),
    question(
        "Kaggle: a box in a cell that may be corners or a size",
        table('image_id,bbox,label\na,"[16, 12, 32, 24]",owl\nb,"[0, 0, 32, 24]",duck\n'),
        {"box-corners": "size"},
        {"a.png": OWL, "b.png": DUCK},
    ),
    question(
        "Kaggle: a box in a cell, without a class",
        table('image_id,width,height,bbox,source\na,64,48,"[33, 12, 30, 24]",x\nb,64,48,"[0, 25, 32, 20]",y\n'),
        {"box-class": "object"},
        {"a.png": boxed(("object", 33, 12, 30, 24)), "b.png": boxed(("object", 0, 25, 32, 20))},
    ),
    question(
        "two columns that may be the class",
        table("image_id,species,diagnosis\na,owl,ill\nb,owl,well\n"),
        {"class-column": "diagnosis"},
        {"a.png": "ill", "b.png": "well"},
    ),
    exact(
        "a class beside its number",
        table("image_id,class_id,class_name\na,1,owl\nb,2,duck\n"),
        {"a.png": "owl", "b.png": "duck"},
    ),
    question(
        "two tables that differ",
        {"first.csv": "filename,label\na.png,owl\n", "second.csv": "filename,label\na.png,duck\n", **photos("a.png")},
        {"which-table": "first.csv"},
        {"a.png": "owl"},
    ),
    exact(
        "a table of authors beside the table of labels",
        {
            "credits.csv": "filename,author\na.png,Ann\n",
            "mine.csv": "filename,label\na.png,owl\nb.png,duck\n",
            **PICTURES,
        },
        {"a.png": "owl", "b.png": "duck"},
    ),
    question(
        "classes a and A in a one-hot table",
        table("image,a,A\na,1,0\nb,0,1\n"),
        {"class-case": "two"},
        {"a.png": "a", "b.png": "A"},
    ),
    question(
        "classes a and A of Vertex AI",
        table("TRAIN,gs://b/a.png,a\nTRAIN,gs://b/b.png,A\n"),
        {"class-case": "two"},
        {"a.png": ("a", "train"), "b.png": ("A", "train")},
    ),
)
