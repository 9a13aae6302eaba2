"""The inputs that users' trackers report and that were once read wrong in silence, each made anew."""

from pathlib import Path

from tests.data.importing.formats.small_sets import coco, image, mark, voc, voc_object
from tests.data.importing.kinds.contents import photos, turned, zip_of
from tests.data.importing.kinds.kind import Core, Kind, boxed, exact, problem, question, refused, remark

AREA = "Faults that were reported"

SMALL = {"width": 64, "height": 48}
YOLO_BOX = "0.5 0.5 0.5 0.5"
MIDDLE = (16, 12, 32, 24)
"""The box of these four numbers in a photo of 64 by 48 pixels."""


def renumbered() -> dict[str, str]:
    """XML files whose <filename> is that of the next photo."""
    size = "<size><width>64</width><height>48</height><depth>3</depth></size>"
    return {
        f"{number}.xml": voc(f"{number + 1}.jpg", voc_object(label, number, 2, 30, 40), size=size)
        for number, label in enumerate(("cat", "dog", "owl"), 1)
    }


def two_class_lists() -> dict[str, str]:
    lists = {"train/classes.txt": "cat\ndog\n", "val/classes.txt": "dog\ncat\n"}
    labels = {
        f"{split}/{split}{number}.txt": f"{number} {YOLO_BOX}\n" for split in ("train", "val") for number in (0, 1)
    }
    return lists | labels


def in_cp932(*names: str) -> bytes:
    """A zip whose names are Japanese and do not say so."""
    plain = zip_of(photos(*(f"{number:04}/0.png" for number in range(len(names)))))
    for number, name in enumerate(names):
        written = name.encode("cp932")
        assert len(written) == 4
        plain = plain.replace(f"{number:04}/0.png".encode(), written + b"/0.png")
    return plain


def japanese_zip(folder: Path, _: Core) -> Path:
    (folder / "old.zip").write_bytes(in_cp932("猫表", "犬表"))
    return folder / "old.zip"


KINDS: tuple[Kind, ...] = (
    exact(
        "coco_float: ids written as 1.0",
        {
            "instances_default.json": coco(
                [image(float(one), f"{name}.png", **SMALL) for one, name in enumerate("abc", 1)],
                [mark(float(one), float(one), float(one), one + 1, 3, 20, 10) for one in (1, 2, 3)],
                [{"id": float(one), "name": name} for one, name in enumerate(("ant", "bee", "cat"), 1)],
            ),
            **photos("images/a.png", "images/b.png", "images/c.png"),
        },
        {
            "a.png": boxed(("ant", 2, 3, 20, 10)),
            "b.png": boxed(("bee", 3, 3, 20, 10)),
            "c.png": boxed(("cat", 4, 3, 20, 10)),
        },
    ),
    problem(
        "coco_dupid: two images share an id",
        {
            "result.json": coco(
                [image(1, "a.png"), image(1, "b.png")], [mark(1, 1, 1, 1, 2, 20, 20), mark(2, 1, 2, 5, 5, 30, 30)]
            ),
            **photos("images/a.png", "images/b.png"),
        },
        {"a.png": None, "b.png": None},
        "result.json: the image id 1 stands for 2 images",
    ),
    remark(
        "coco_crowd: a region of a crowd",
        {
            "instances_default.json": coco(
                [image(1, "a.png", **SMALL), image(2, "b.png", **SMALL)],
                [
                    mark(1, 1, 1, 5, 5, 10, 10, iscrowd=0),
                    mark(2, 1, 2, 0, 0, 60, 40, iscrowd=1, segmentation={"counts": [0, 3072], "size": [48, 64]}),
                    mark(3, 2, 1, 6, 6, 12, 12, iscrowd=0),
                ],
            ),
            **photos("images/a.png", "images/b.png"),
        },
        {"a.png": boxed(("ant", 5, 5, 10, 10)), "b.png": boxed(("ant", 6, 6, 12, 12))},
        "1 crowd region (iscrowd) is left out",
    ),
    remark(
        "coco_exif: boxes drawn before the photo was turned upright",
        {
            "instances_default.json": coco([image(1, "a.jpg", **SMALL)], [mark(1, 1, 1, 40, 4, 20, 12)]),
            **turned("images/a.jpg"),
        },
        {"a.jpg": boxed(("ant", 32, 40, 12, 20))},
        "The boxes of 1 photo are turned with the photo",
    ),
    question(
        "coco_resized: the file names another size than the photo has",
        {
            "instances_default.json": coco(
                [image(1, "a.png", width=128, height=96), image(2, "b.png", width=128, height=96)],
                [mark(1, 1, 1, 20, 16, 40, 30), mark(2, 2, 2, 50, 30, 24, 40)],
            ),
            **photos("images/a.png", "images/b.png"),
        },
        {"box-size": "scale"},
        {"a.png": boxed(("ant", 10, 8, 20, 15)), "b.png": boxed(("bee", 25, 15, 12, 20))},
        "2 photos have another size than their labels say",
    ),
    remark(
        "voc_renumbered: <filename> names the next photo",
        {**renumbered(), **photos("1.jpg", "2.jpg", "3.jpg")},
        {
            "1.jpg": boxed(("cat", 1, 2, 29, 38)),
            "2.jpg": boxed(("dog", 2, 2, 28, 38)),
            "3.jpg": boxed(("owl", 3, 2, 27, 38)),
        },
        "2 XML files: each names another photo in its <filename>; the photo of the file's own name is used",
    ),
    exact(
        "yolo_norway: names that YAML reads as true, false and numbers",
        {
            "data.yaml": "train: images/train\nval: images/val\nnc: 4\nnames: [yes, no, 010, 1_000]\n",
            **{f"labels/train/{number}.txt": f"{number} {YOLO_BOX}\n" for number in range(4)},
            **photos(*(f"images/train/{number}.png" for number in range(4))),
        },
        {
            f"{number}.png": boxed((name, *MIDDLE), split="train")
            for number, name in enumerate(("yes", "no", "010", "1_000"))
        },
    ),
    problem(
        "yolo_blank: an empty line in classes.txt",
        {
            "classes.txt": "ant\n\ncat\n\n",
            **{f"labels/{number}.txt": f"{number} {YOLO_BOX}\n" for number in range(3)},
            **photos(*(f"images/{number}.png" for number in range(3))),
        },
        {"0.png": boxed(("ant", *MIDDLE)), "1.png": None, "2.png": boxed(("cat", *MIDDLE))},
        "labels/1.txt, line 1: the class 1 has no name in classes.txt",
    ),
    exact(
        "yolo_two_classes: a classes.txt in each folder, in another order",
        {**two_class_lists(), **photos(*(f"{one}/{one}{number}.jpg" for one in ("train", "val") for number in (0, 1)))},
        {
            "train0.jpg": boxed(("cat", *MIDDLE), split="train"),
            "train1.jpg": boxed(("dog", *MIDDLE), split="train"),
            "val0.jpg": boxed(("dog", *MIDDLE), split="val"),
            "val1.jpg": boxed(("cat", *MIDDLE), split="val"),
        },
    ),
    question(
        "samebase: the table names another folder than the photo lies in",
        {
            "labels.csv": "filename,label\npatient2/001.png,sick\npatient2/002.png,healthy\npatient1/003.png,well\n",
            **photos("patient1/001.png", "patient1/002.png", "patient1/003.png"),
        },
        {"folders": "leave"},
        {"patient1/001.png": None, "patient1/002.png": None, "patient1/003.png": "well"},
        "2 rows name another folder than the only photo of that name has",
        yes=True,
    ),
    remark(
        "intel: seg_train/seg_train/class",
        photos(
            "seg_train/seg_train/buildings/1.jpg",
            "seg_train/seg_train/forest/2.jpg",
            "seg_test/seg_test/buildings/3.jpg",
            "seg_test/seg_test/forest/4.jpg",
            "seg_pred/seg_pred/5.jpg",
        ),
        {
            "seg_train/seg_train/buildings/1.jpg": ("buildings", "train"),
            "seg_train/seg_train/forest/2.jpg": ("forest", "train"),
            "seg_test/seg_test/buildings/3.jpg": ("buildings", "test"),
            "seg_test/seg_test/forest/4.jpg": ("forest", "test"),
            "seg_pred/seg_pred/5.jpg": None,
        },
        'the folder "seg_pred" beside seg_test, seg_train is not a split',
        "has no label: seg_pred/seg_pred/5.jpg",
    ),
    remark(
        "classfirst: cat/train/1.jpg",
        photos("cat/train/1.jpg", "cat/test/2.jpg", "dog/train/3.jpg", "dog/test/4.jpg"),
        {
            "cat/train/1.jpg": ("cat", "train"),
            "cat/test/2.jpg": ("cat", "test"),
            "dog/train/3.jpg": ("dog", "train"),
            "dog/test/4.jpg": ("dog", "test"),
        },
        "the folders test, train inside the class folders are taken as splits",
    ),
    question(
        "letters: classes a and A",
        {
            "labels.csv": "filename,label\n0.png,a\n1.png,A\n2.png,b\n3.png,B\n",
            **photos(*(f"{n}.png" for n in range(4))),
        },
        {"class-case": "two"},
        {"0.png": "a", "1.png": "A", "2.png": "b", "3.png": "B"},
        "Some letters differ only in case",
    ),
    problem(
        "hf_types: a label that is true, a list, a set of values, or NaN",
        {
            "metadata.jsonl": '{"file_name": "0.png", "label": true}\n{"file_name": "1.png", "label": ["cat", "dog"]}\n'
            '{"file_name": "2.png", "label": {"name": "x"}}\n{"file_name": "3.png", "label": NaN}\n'
            '{"file_name": "4.png", "label": ["cat"]}\n{"file_name": "5.png", "label": "007"}\n',
            **photos(*(f"{number}.png" for number in range(6))),
        },
        {"0.png": None, "1.png": None, "2.png": None, "3.png": None, "4.png": "cat", "5.png": "007"},
        "line 1: the label is true, which is not a name",
        "line 2: the label is a list, which is not a name",
        "line 3: the label is a set of values, which is not a name",
        "line 4: the label is nan, which is not a name",
    ),
    exact(
        "hf_linesep: U+2028 inside a line of JSON",
        {
            "metadata.jsonl": '{"file_name": "a.png", "label": "cat", "text": "one\u2028two"}\n'
            '{"file_name": "b.png", "label": "dog", "text": "nel\x85x"}\n',
            **photos("a.png", "b.png"),
        },
        {"a.png": "cat", "b.png": "dog"},
    ),
    question(
        "normbox: boxes as fractions of the photo",
        {
            "labels.csv": "filename,label,xmin,ymin,xmax,ymax\na.png,car,0.25,0.25,0.5,0.75\nb.png,bus,0.5,0,1,0.5\n",
            **photos("a.png", "b.png"),
        },
        {"box-unit": "fractions"},
        {"a.png": boxed(("car", 16, 12, 16, 24)), "b.png": boxed(("bus", 32, 0, 32, 24))},
        "2 boxes lie in the first pixel of the photo",
    ),
    question(
        "thousand: a comma in the numbers of a comma table",
        {
            "labels.csv": 'filename,label,xmin,ymin,xmax,ymax\na.png,car,"1,024",2,"1,034",12\nb.png,car,10,2,30,12\n',
            **photos("a.png", "b.png", width=1100, height=16),
        },
        {"decimal-mark": "point"},
        {"a.png": boxed(("car", 1024, 2, 10, 10)), "b.png": boxed(("car", 10, 2, 20, 10))},
        '"1,024" in a box may be 1024 or 1.024',
    ),
    exact(
        "xminw: columns xmin, ymin, width, height",
        {
            "labels.csv": "filename,label,xmin,ymin,width,height\na.png,cat,1,2,20,20\nb.png,dog,1,2,30,30\n",
            **photos("a.png", "b.png"),
        },
        {"a.png": boxed(("cat", 1, 2, 20, 20)), "b.png": boxed(("dog", 1, 2, 30, 30))},
    ),
    question(
        "sjis: a table in cp932",
        {"labels.csv": "filename,label\na.png,猫\nb.png,犬\n".encode("cp932"), **photos("a.png", "b.png")},
        {"encoding": "cp932"},
        {"a.png": "猫", "b.png": "犬"},
        "labels.csv is not UTF-8",
    ),
    question(
        "sjis_names: a zip with names in cp932",
        japanese_zip,
        {"zip-encoding": "cp932"},
        {"猫表/0.png": "猫表", "犬表/0.png": "犬表"},
        "The names in old.zip do not say their encoding",
    ),
    remark(
        "nbsp: invisible characters in a class",
        {
            "labels.csv": "filename,label\na.png,cat\nb.png,cat\u200b\nc.png,\u00a0cat\n",
            **photos("a.png", "b.png", "c.png"),
        },
        {"a.png": "cat", "b.png": "cat", "c.png": "cat"},
        "line 3: the label cat has invisible characters; they are removed",
    ),
    refused(
        "heics: only photos that cannot be read",
        {f"IMG_{number}.HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" for number in (1, 2)},
        "IMG_1.HEIC: it is a HEIC photo that is damaged or cut off",
        "No file could be imported",
    ),
    exact(
        "caseonly: IMG_1.png and img_1.png",
        {"labels.csv": "filename,label\nIMG_1.png,cat\nimg_1.png,dog\n", **photos("IMG_1.png", "img_1.png")},
        {"IMG_1.png": "cat", "img_1.png": "dog"},
    ),
)
