"""Data sets of Hugging Face, AutoTrain and fastai: metadata, Parquet, folders and tables."""

import io
import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from tests.data.importing.kinds.contents import photos, turned
from tests.data.importing.kinds.kind import Kind, boxed, exact, problem, question

AREA = "Hugging Face, AutoTrain, fastai"

DECLARED = {"features": {"label": {"names": ["ant", "bee"], "_type": "ClassLabel"}}}
PICTURES = list(photos("a.png", "b.png").values())


def lines(*rows: dict[str, object]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def objects(*boxes: Sequence[float], categories: Sequence[object] = ("ant",)) -> dict[str, object]:
    return {"bbox": [list(one) for one in boxes], "categories": list(categories)}


def parquet(
    label: Sequence[object] | None, names: Sequence[str] | None = ("ant", "bee"), **more: Sequence[object]
) -> bytes:
    """A Parquet file with two images, as the library datasets writes it."""
    columns: dict[str, Sequence[object]] = {
        "image": [{"bytes": data, "path": name} for data, name in zip(PICTURES, ("a.png", "b.png"), strict=True)]
    }
    columns |= {"label": label} if label is not None else {}
    table = pa.table({name: pa.array(list(cells)) for name, cells in (columns | more).items()})
    features: dict[str, object] = {"image": {"_type": "Image"}}
    features |= {"label": {"names": list(names), "_type": "ClassLabel"}} if names else {}
    table = table.replace_schema_metadata({b"huggingface": json.dumps({"info": {"features": features}}).encode()})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


KINDS: tuple[Kind, ...] = (
    exact(
        "metadata.csv in train and test",
        {
            "train/metadata.csv": "file_name,label\na.png,ant\n",
            "test/metadata.csv": "file_name,label\nb.png,bee\n",
            **photos("train/a.png", "test/b.png"),
        },
        {"a.png": ("ant", "train"), "b.png": ("bee", "test")},
    ),
    exact(
        "the same in a zip",
        {
            "train/metadata.csv": "file_name,label\na.png,ant\n",
            "test/metadata.csv": "file_name,label\nb.png,bee\n",
            **photos("train/a.png", "test/b.png"),
        },
        {"a.png": ("ant", "train"), "b.png": ("bee", "test")},
        zipped=True,
    ),
    exact(
        "metadata.jsonl beside the photos",
        {
            "metadata.jsonl": lines({"file_name": "a.png", "label": "ant"}, {"file_name": "b.png", "label": "bee"}),
            **photos("a.png", "b.png"),
        },
        {"a.png": "ant", "b.png": "bee"},
    ),
    exact(
        "boxes in objects, with categories as text",
        {"metadata.jsonl": lines({"file_name": "a.png", "objects": objects([2, 3, 20, 10])}), **photos("a.png")},
        {"a.png": boxed(("ant", 2, 3, 20, 10))},
    ),
    exact(
        "numbers of classes that dataset_info.json names",
        {
            "dataset_info.json": json.dumps(DECLARED),
            "x/metadata.csv": "file_name,label\na.png,0\nb.png,1\n",
            **photos("x/a.png", "x/b.png"),
        },
        {"a.png": "ant", "b.png": "bee"},
    ),
    exact(
        "numbers of classes that README.md names",
        {
            "README.md": "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n"
            "        names:\n          '0': ant\n          '1': bee\n---\n# Set\n",
            "train/metadata.csv": "file_name,label\na.png,0\nb.png,1\n",
            **photos("train/a.png", "train/b.png"),
        },
        {"a.png": ("ant", "train"), "b.png": ("bee", "train")},
    ),
    problem(
        "a number that is no declared class",
        {
            "dataset_info.json": json.dumps(DECLARED),
            "x/metadata.csv": "file_name,label\na.png,0\nb.png,7\n",
            **photos("x/a.png", "x/b.png"),
        },
        {"a.png": "ant", "b.png": None},
        "x/metadata.csv, line 3",
    ),
    problem(
        "a row without file_name",
        {"metadata.jsonl": lines({"file_name": "a.png", "label": "ant"}, {"label": "bee"}), **photos("a.png", "b.png")},
        {"a.png": "ant", "b.png": None},
        "line 2",
    ),
    problem(
        "a row that is no JSON",
        {
            "metadata.jsonl": lines({"file_name": "a.png", "label": "ant"}) + '{"file_name": "b.png", "label": \n',
            **photos("a.png", "b.png"),
        },
        {"a.png": "ant", "b.png": None},
        "line 2",
    ),
    problem(
        "a photo that is not there",
        {
            "metadata.jsonl": lines({"file_name": "a.png", "label": "ant"}, {"file_name": "c.png", "label": "bee"}),
            **photos("a.png"),
        },
        {"a.png": "ant"},
        "c.png",
    ),
    problem(
        "two rows with other labels for a photo",
        {
            "metadata.jsonl": lines(
                {"file_name": "a.png", "label": "ant"},
                {"file_name": "a.png", "label": "bee"},
                {"file_name": "b.png", "label": "bee"},
            ),
            **photos("a.png", "b.png"),
        },
        {"a.png": None, "b.png": "bee"},
        "a.png",
    ),
    question(
        "boxes as fractions",
        {
            "metadata.jsonl": lines({"file_name": "a.png", "objects": objects([0.25, 0.25, 0.5, 0.5])}),
            **photos("a.png"),
        },
        {"box-unit": "fractions"},
        {"a.png": boxed(("ant", 16, 12, 32, 24))},
    ),
    question(
        "boxes as two corners",
        {
            "metadata.jsonl": lines(
                {
                    "file_name": "a.png",
                    "objects": objects([40, 30, 60, 44], [30, 20, 50, 40], categories=("ant", "bee")),
                }
            ),
            **photos("a.png"),
        },
        {"box-corners": "corners"},
        {"a.png": boxed(("ant", 40, 30, 20, 14), ("bee", 30, 20, 20, 20))},
    ),
    problem(
        "more boxes than categories",
        {
            "metadata.jsonl": lines(
                {"file_name": "a.png", "objects": objects([2, 3, 20, 10], [4, 5, 30, 20])},
                {"file_name": "b.png", "objects": objects([2, 3, 20, 10])},
            ),
            **photos("a.png", "b.png"),
        },
        {"a.png": None, "b.png": boxed(("ant", 2, 3, 20, 10))},
        "line 1",
    ),
    question(
        "a turned photo with boxes",
        {"metadata.jsonl": lines({"file_name": "a.jpg", "objects": objects([2, 3, 20, 10])}), **turned("a.jpg")},
        {"box-orientation": "upright"},
        {"a.jpg": boxed(("ant", 2, 3, 20, 10))},
    ),
    question(
        "labels a and A",
        {
            "metadata.jsonl": lines({"file_name": "a.png", "label": "a"}, {"file_name": "b.png", "label": "A"}),
            **photos("a.png", "b.png"),
        },
        {"class-case": "two"},
        {"a.png": "a", "b.png": "A"},
    ),
    question(
        "two columns that may be the label",
        {
            "metadata.jsonl": lines(
                {"file_name": "a.png", "label": "ant", "class": "insect"},
                {"file_name": "b.png", "label": "bee", "class": "insect"},
            ),
            **photos("a.png", "b.png"),
        },
        {"label-column": "label"},
        {"a.png": "ant", "b.png": "bee"},
    ),
    exact(
        "metadata.jsonl with a mark of UTF-8",
        {"metadata.jsonl": ("\ufeff" + lines({"file_name": "a.png", "label": "ant"})).encode(), **photos("a.png")},
        {"a.png": "ant"},
    ),
    exact(
        "Parquet with images and named classes",
        {"train-00000-of-00001.parquet": parquet([0, 1])},
        {"a.png": ("ant", "train"), "b.png": ("bee", "train")},
        classes=("ant", "bee"),
    ),
    exact(
        "Parquet of train and test in a folder",
        {"data/train-00000-of-00001.parquet": parquet([0, 1])},
        {"a.png": ("ant", "train"), "b.png": ("bee", "train")},
    ),
    exact(
        "Parquet with classes as text", {"x.parquet": parquet(["ant", "bee"], None)}, {"a.png": "ant", "b.png": "bee"}
    ),
    exact("Parquet with a class of -1: none", {"x.parquet": parquet([0, -1])}, {"a.png": "ant", "b.png": None}),
    problem(
        "Parquet with a number beyond the classes", {"x.parquet": parquet([0, 7])}, {"a.png": "ant", "b.png": None}, "7"
    ),
    problem(
        "Parquet with two columns, of which none is called label",
        {"x.parquet": parquet(None, None, species=["ant", "bee"], place=["hill", "hive"])},
        {"a.png": None, "b.png": None},
        "has no column of labels (its other columns: species, place)",
    ),
    exact(
        "AutoTrain: class folders in train and validation",
        photos("train/ant/a.jpg", "validation/bee/b.jpg", "train/bee/c.jpg"),
        {
            "train/ant/a.jpg": ("ant", "train"),
            "validation/bee/b.jpg": ("bee", "val"),
            "train/bee/c.jpg": ("bee", "train"),
        },
    ),
    exact(
        "AutoTrain: metadata.jsonl with objects of category",
        {
            "train/metadata.jsonl": lines(
                {"file_name": "a.jpg", "objects": {"bbox": [[2, 3, 20, 10]], "category": ["ant"]}}
            ),
            **photos("train/a.jpg"),
        },
        {"a.jpg": boxed(("ant", 2, 3, 20, 10), split="train")},
    ),
    exact(
        "fastai: labels.csv with paths and numbers",
        {
            "labels.csv": "name,label\ntrain/3/1.png,3\ntrain/7/2.png,7\nvalid/3/4.png,3\n",
            **photos("train/3/1.png", "train/7/2.png", "valid/3/4.png"),
        },
        {"train/3/1.png": ("3", "train"), "train/7/2.png": ("7", "train"), "valid/3/4.png": ("3", "val")},
    ),
    exact(
        "fastai: train and valid in a folder of untar_data",
        photos(
            "imagenette2-160/train/n01440764/a.jpg",
            "imagenette2-160/train/n02102040/b.jpg",
            "imagenette2-160/val/n01440764/c.jpg",
        ),
        {
            "train/n01440764/a.jpg": ("n01440764", "train"),
            "train/n02102040/b.jpg": ("n02102040", "train"),
            "val/n01440764/c.jpg": ("n01440764", "val"),
        },
    ),
    question(
        "fastai: train.csv with several labels in a cell",
        {
            "train.csv": "fname,labels,is_valid\na.jpg,chair car,True\nb.jpg,car,False\n",
            **photos("train/a.jpg", "train/b.jpg"),
        },
        {"several-labels": "single"},
        {"train/a.jpg": (None, "val"), "train/b.jpg": ("car", "train")},
        yes=True,
    ),
    exact(
        "fastai: classes in the names of the photos, in a table",
        {
            "labels.csv": "fname,label\nimages/Abyssinian_1,cat\nimages/beagle_2,dog\n",
            **photos("images/Abyssinian_1.jpg", "images/beagle_2.jpg"),
        },
        {"images/Abyssinian_1.jpg": "cat", "images/beagle_2.jpg": "dog"},
    ),
)
