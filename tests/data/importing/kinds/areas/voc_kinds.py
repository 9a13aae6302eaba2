"""Pascal VOC XML as it is exported, and as it goes wrong."""

from tests.data.importing.formats.small_sets import voc, voc_object
from tests.data.importing.kinds.contents import photos, turned
from tests.data.importing.kinds.kind import Kind, boxed, exact, problem, question, remark

AREA = "Pascal VOC XML"

ANT = boxed(("ant", 2, 3, 20, 10))
BEE = boxed(("bee", 4, 5, 30, 20))
ANT_XML = voc_object("ant", 2, 3, 22, 13)
BEE_XML = voc_object("bee", 4, 5, 34, 25)
A_AND_B = {"a.jpg": ANT, "b.jpg": BEE}


def size(width: int = 64, height: int = 48) -> str:
    return f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"


def single(filename: str | None, *objects: str, said: str = "", photo: str = "a.jpg") -> dict[str, str | bytes]:
    """One photo and the XML file of its name."""
    return {"a.xml": voc(filename, *(objects or (ANT_XML,)), size=said), **photos(photo)}


def in_gbk(label: str) -> bytes:
    """An XML file in GBK that says so."""
    return b'<?xml version="1.0" encoding="gbk"?>' + voc("a.jpg", voc_object(label, 2, 3, 22, 13)).encode("gbk")


KINDS: tuple[Kind, ...] = (
    exact(
        "an XML file beside each photo",
        {
            "a.xml": voc("a.jpg", ANT_XML, size=size()),
            "b.xml": voc("b.jpg", BEE_XML, size=size()),
            **photos("a.jpg", "b.jpg"),
        },
        A_AND_B,
    ),
    exact(
        "Annotations, JPEGImages and ImageSets/Main",
        {
            "Annotations/a.xml": voc("a.jpg", ANT_XML, size=size()),
            "Annotations/b.xml": voc("b.jpg", BEE_XML, size=size()),
            "ImageSets/Main/train.txt": "a\n",
            "ImageSets/Main/val.txt": "b\n",
            **photos("JPEGImages/a.jpg", "JPEGImages/b.jpg"),
        },
        {"a.jpg": boxed(("ant", 2, 3, 20, 10), split="train"), "b.jpg": boxed(("bee", 4, 5, 30, 20), split="val")},
    ),
    exact(
        "the same in a zip, in a folder VOC2012",
        {
            "VOC2012/Annotations/a.xml": voc("a.jpg", ANT_XML),
            "VOC2012/Annotations/b.xml": voc("b.jpg", BEE_XML),
            "VOC2012/ImageSets/Main/train.txt": "a\n",
            "VOC2012/ImageSets/Main/val.txt": "b\n",
            **photos("VOC2012/JPEGImages/a.jpg", "VOC2012/JPEGImages/b.jpg"),
        },
        {"a.jpg": boxed(("ant", 2, 3, 20, 10), split="train"), "b.jpg": boxed(("bee", 4, 5, 30, 20), split="val")},
        zipped=True,
    ),
    remark(
        "two files with swapped <filename>",
        {"a.xml": voc("b.jpg", ANT_XML), "b.xml": voc("a.jpg", BEE_XML), **photos("a.jpg", "b.jpg")},
        A_AND_B,
        "2 XML files: each names another photo in its <filename>",
        "the photo of the file's own name is used",
    ),
    exact("no <filename>", single(None), {"a.jpg": ANT}),
    exact("a <filename> without suffix", single("a"), {"a.jpg": ANT}),
    exact("a <filename> with another suffix", single("a.png"), {"a.jpg": ANT}),
    exact("a <filename> with the path of another computer", single("/home/ann/set/a.jpg"), {"a.jpg": ANT}),
    exact(
        "%20 in a <filename>",
        {"x.xml": voc("my%20photo.jpg", ANT_XML), **photos("my photo.jpg")},
        {"my photo.jpg": ANT},
    ),
    question(
        "another size than the photo has",
        single("a.jpg", voc_object("ant", 4, 6, 44, 26), said=size(128, 96)),
        {"box-size": "scale"},
        {"a.jpg": ANT},
        "another size than their labels say",
    ),
    remark(
        "a turned photo, labelled before it was turned",
        {"a.xml": voc("a.jpg", voc_object("ant", 40, 4, 60, 16), size=size()), **turned("a.jpg")},
        {"a.jpg": boxed(("ant", 32, 40, 12, 20))},
        "are turned with the photo",
    ),
    exact(
        "a turned photo, labelled upright",
        {"a.xml": voc("a.jpg", ANT_XML, size=size(48, 64)), **turned("a.jpg")},
        {"a.jpg": ANT},
    ),
    question(
        "a turned photo without a size",
        {"a.xml": voc("a.jpg", ANT_XML), **turned("a.jpg")},
        {"box-orientation": "upright"},
        {"a.jpg": ANT},
    ),
    question(
        "boxes as fractions",
        single("a.jpg", voc_object("ant", 0.25, 0.25, 0.75, 0.75)),
        {"box-unit": "fractions"},
        {"a.jpg": boxed(("ant", 16, 12, 32, 24))},
    ),
    exact(
        "corners with decimals",
        single("a.jpg", voc_object("ant", "2.0", "3.5", "22.0", "13.5")),
        {"a.jpg": boxed(("ant", 2, 3.5, 20, 10))},
    ),
    problem(
        "corners in the wrong order", single("a.jpg", voc_object("ant", 22, 13, 2, 3), BEE_XML), {"a.jpg": BEE}, "a.xml"
    ),
    problem(
        "a corner that is no number",
        single("a.jpg", voc_object("ant", "two", 3, 22, 13), BEE_XML),
        {"a.jpg": BEE},
        "a.xml",
        "two",
    ),
    problem(
        "a corner that is missing",
        single(
            "a.jpg",
            "<object><name>ant</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>22</xmax></bndbox></object>",
            BEE_XML,
        ),
        {"a.jpg": BEE},
        "a.xml",
    ),
    problem(
        "an object without a name", single("a.jpg", voc_object("", 2, 3, 22, 13), BEE_XML), {"a.jpg": BEE}, "a.xml"
    ),
    exact(
        "a photo without objects",
        {"a.xml": voc("a.jpg", ANT_XML), "b.xml": voc("b.jpg"), **photos("a.jpg", "b.jpg")},
        {"a.jpg": ANT, "b.jpg": None},
    ),
    exact(
        "parts of an object",
        single(
            "a.jpg",
            ANT_XML.replace(
                "</object>",
                "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox>"
                "</part></object>",
            ),
        ),
        {"a.jpg": ANT},
    ),
    exact(
        "truncated, difficult and pose",
        single(
            "a.jpg",
            ANT_XML.replace("<bndbox>", "<pose>Left</pose><truncated>1</truncated><difficult>0</difficult><bndbox>"),
        ),
        {"a.jpg": ANT},
    ),
    question(
        "classes a and A",
        {
            "a.xml": voc("a.jpg", voc_object("a", 2, 3, 22, 13)),
            "b.xml": voc("b.jpg", voc_object("A", 4, 5, 34, 25)),
            **photos("a.jpg", "b.jpg"),
        },
        {"class-case": "two"},
        {"a.jpg": boxed(("a", 2, 3, 20, 10)), "b.jpg": boxed(("A", 4, 5, 30, 20))},
    ),
    exact(
        "GBK, as the XML declares",
        {"a.xml": in_gbk("狗狗"), **photos("a.jpg")},
        {"a.jpg": boxed(("狗狗", 2, 3, 20, 10))},
    ),
    question(
        "GBK, as the XML declares, in bytes that are valid UTF-8",
        {"a.xml": in_gbk("猫"), **photos("a.jpg")},
        {"encoding": "gbk"},
        {"a.jpg": boxed(("猫", 2, 3, 20, 10))},
    ),
    question(
        "UTF-8 that is declared as another encoding",
        {
            "a.xml": b'<?xml version="1.0" encoding="iso-8859-1"?>'
            + voc("a.jpg", voc_object("Käfer", 2, 3, 22, 13)).encode(),
            **photos("a.jpg"),
        },
        {"encoding": "utf_8"},
        {"a.jpg": boxed(("Käfer", 2, 3, 20, 10))},
    ),
    problem(
        "an XML file that is cut off",
        {"a.xml": voc("a.jpg", ANT_XML), "b.xml": voc("b.jpg", BEE_XML)[:-30], **photos("a.jpg", "b.jpg")},
        {"a.jpg": ANT, "b.jpg": None},
        "b.xml",
    ),
    problem(
        "an XML file without its photo",
        {"a.xml": voc("a.jpg", ANT_XML), "b.xml": voc("b.jpg", BEE_XML), **photos("a.jpg")},
        {"a.jpg": ANT},
        "b.jpg",
    ),
    question(
        "two XML files for one photo",
        {"x/a.xml": voc("a.jpg", ANT_XML), "y/a.xml": voc("a.jpg", BEE_XML), **photos("a.jpg")},
        {"label-files": "file-2"},
        {"a.jpg": BEE},
        "a.jpg in x/a.xml and y/a.xml",
    ),
    question(
        "a box that reaches far beyond the photo",
        single("a.jpg", voc_object("ant", 50, 30, 90, 70), said=size()),
        {"box-beyond": "keep"},
        {"a.jpg": boxed(("ant", 50, 30, 40, 40))},
    ),
    exact(
        "a polygon beside the box",
        single(
            "a.jpg",
            ANT_XML.replace("</object>", "<polygon><x1>2</x1><y1>3</y1><x2>22</x2><y2>13</y2></polygon></object>"),
        ),
        {"a.jpg": ANT},
    ),
)
