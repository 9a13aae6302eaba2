"""Tables of labels: encodings, separators, names, cells, boxes."""

from tests.data.importing.kinds.contents import photos, turned
from tests.data.importing.kinds.kind import Kind, Photo, boxed, exact, problem, question, refused, remark

AREA = "Tables (labels.csv)"

PICTURES = photos("a.png", "b.png")
PLAIN = "filename,label\na.png,owl\nb.png,duck\n"
OWL_AND_DUCK = {"a.png": "owl", "b.png": "duck"}
BOXES = "filename,label,x,y,width,height\n"


def csv(text: str | bytes, *names: str) -> dict[str, str | bytes]:
    """A table and its photos."""
    return {"labels.csv": text, **(photos(*names) if names else PICTURES)}


def box(cells: str, columns: str = "x,y,width,height") -> dict[str, str | bytes]:
    """A table with a box, and one that is right."""
    rest = cells.count(",") - 3
    return csv(f"filename,label,{columns}\na.png,owl,{cells}\nb.png,duck,2,3,20,10{',' * rest}\n")


WORDS = {"a.png": "Käfer", "b.png": "Ölkäfer"}
IN_WORDS = "filename,label\na.png,Käfer\nb.png,Ölkäfer\n"
DUCK_BOX = boxed(("duck", 2, 3, 20, 10))

KINDS: tuple[Kind, ...] = (
    exact("commas", csv(PLAIN), OWL_AND_DUCK, classes=("owl", "duck")),
    exact(
        "the table alone, with --images",
        {"labels.csv": PLAIN, **photos("p/a.png", "p/b.png")},
        OWL_AND_DUCK,
        source="labels.csv",
        images="p",
    ),
    exact("semicolons", csv(PLAIN.replace(",", ";")), OWL_AND_DUCK),
    exact("tabs", csv(PLAIN.replace(",", "\t")), OWL_AND_DUCK),
    exact("vertical bars", csv(PLAIN.replace(",", "|")), OWL_AND_DUCK),
    refused("spaces", csv(PLAIN.replace(",", " ")), "space"),
    exact("Excel's first line sep=;", csv("sep=;\n" + PLAIN.replace(",", ";")), OWL_AND_DUCK),
    exact("lines of Windows and a mark of UTF-8", csv(("\ufeff" + PLAIN.replace("\n", "\r\n")).encode()), OWL_AND_DUCK),
    exact("UTF-16, as Excel saves text", csv(IN_WORDS.encode("utf-16")), WORDS),
    remark("cp1252", csv(IN_WORDS.encode("cp1252")), WORDS, "read as Western European (cp1252, Windows)"),
    question("MacRoman", csv(IN_WORDS.encode("mac_roman")), {"encoding": "mac_roman"}, WORDS),
    question(
        "GBK",
        csv("filename,label\na.png,猫\nb.png,狗\n".encode("gbk")),
        {"encoding": "gb18030"},
        {"a.png": "猫", "b.png": "狗"},
    ),
    question(
        "cp1251",
        csv("filename,label\na.png,сова\nb.png,утка\n".encode("cp1251")),
        {"encoding": "cp1251"},
        {"a.png": "сова", "b.png": "утка"},
    ),
    exact(
        "names with umlauts in another normal form",
        {"labels.csv": "filename,label\nKäfer.png,owl\n", **photos("Ka\u0308fer.png")},
        {"Ka\u0308fer.png": "owl"},
    ),
    exact(
        "quoted cells with a comma and a line break",
        csv('filename,label,note\na.png,owl,"big, old\nand grey"\nb.png,duck,\n'),
        OWL_AND_DUCK,
    ),
    exact(
        "paths of Windows",
        csv("path,label\nx\\a.png,owl\ny\\a.png,duck\n", "x/a.png", "y/a.png"),
        {"x/a.png": "owl", "y/a.png": "duck"},
    ),
    exact(
        "paths of another computer",
        csv("path,label\n/home/ann/set/a.png,owl\n/home/ann/set/b.png,duck\n"),
        OWL_AND_DUCK,
    ),
    remark(
        "%20 in names",
        csv("filename,label\nmy%20owl.png,owl\n", "my owl.png"),
        {"my owl.png": "owl"},
        "my%20owl.png is written in another way; it is matched with my owl.png",
    ),
    remark(
        "?size= after names",
        csv("filename,label\na.png?size=large,owl\nb.png?size=large,duck\n"),
        OWL_AND_DUCK,
        "a.png?size=large with a.png",
    ),
    exact("names without suffix", csv("image_id,label\na,owl\nb,duck\n"), OWL_AND_DUCK),
    problem(
        "names without suffix that two photos have",
        csv("image_id,label\na,owl\nb,duck\n", "a.png", "a.jpg", "b.png"),
        {"a.png": None, "a.jpg": None, "b.png": "duck"},
        "line 2: a could be a.jpg, a.png",
    ),
    problem(
        "names with another suffix",
        csv("filename,label\na.jpg,owl\nb.png,duck\n"),
        {"a.png": None, "b.png": "duck"},
        "line 2: a.jpg is not among the files",
    ),
    problem(
        "a name that two folders have",
        csv("filename,label\n1.png,owl\n", "x/1.png", "y/1.png"),
        {"x/1.png": None, "y/1.png": None},
        "line 2: 1.png could be x/1.png, y/1.png",
    ),
    problem(
        "a photo that is not there", csv(PLAIN + "c.png,owl\n"), OWL_AND_DUCK, "line 4: c.png is not among the files"
    ),
    problem(
        "a photo without a row",
        csv(PLAIN, "a.png", "b.png", "c.png"),
        {**OWL_AND_DUCK, "c.png": None},
        "c.png has no usable row in the table",
    ),
    problem("a photo with two labels", csv(PLAIN + "a.png,duck\n"), {"a.png": None, "b.png": "duck"}, "line 4"),
    problem(
        "a row that stands twice",
        csv(PLAIN + "a.png,owl\n"),
        OWL_AND_DUCK,
        "line 4: a.png is in lines 2 and 4; one row is kept",
    ),
    problem(
        "a row without a label", csv("filename,label\na.png,owl\nb.png,\n"), {"a.png": "owl", "b.png": None}, "line 3"
    ),
    question(
        "a class called None",
        csv("filename,label\na.png,None\nb.png,duck\n"),
        {"empty-word": "class"},
        {"a.png": "None", "b.png": "duck"},
    ),
    question(
        "numbers written in two ways: 1 and 01",
        csv("filename,label\na.png,1\nb.png,01\n"),
        {"label-numbers": "one"},
        {"a.png": "1", "b.png": "1"},
    ),
    question(
        "Cat and cat",
        csv("filename,label\na.png,Cat\nb.png,cat\n"),
        {"class-case": "one"},
        {"a.png": "Cat", "b.png": "Cat"},
    ),
    question(
        "a class with Cyrillic letters that look Latin",
        csv("filename,label\na.png,cat\nb.png,с\u0430t\n"),
        {"class-look-alikes": "one"},
        {"a.png": "cat", "b.png": "cat"},
    ),
    exact(
        "splits train, val, test",
        csv("filename,label,split\na.png,owl,train\nb.png,duck,val\nc.png,owl,test\n", "a.png", "b.png", "c.png"),
        {"a.png": ("owl", "train"), "b.png": ("duck", "val"), "c.png": ("owl", "test")},
    ),
    problem(
        "a split that is no word for one",
        csv("filename,label,split\na.png,owl,train\nb.png,duck,fold3\n"),
        {"a.png": ("owl", "train"), "b.png": "duck"},
        "line 3",
        "fold3",
    ),
    remark(
        "a column without a meaning",
        csv("filename,label,author\na.png,owl,Ann\nb.png,duck,Ben\n"),
        OWL_AND_DUCK,
        "unused columns: author",
    ),
    exact(
        "a column of groups",
        csv("filename,label,patient\na.png,owl,p1\nb.png,duck,p2\n"),
        {"a.png": Photo("owl", group="p1"), "b.png": Photo("duck", group="p2")},
    ),
    question(
        "two columns called label",
        csv("filename,label,label\na.png,owl,bird\nb.png,duck,bird\n"),
        {"label-column": "label-2"},
        OWL_AND_DUCK,
    ),
    question(
        "a table without a column of labels",
        csv("filename,author\na.png,Ann\nb.png,Ben\n"),
        {"class-column": "none"},
        {"a.png": None, "b.png": None},
        'labels.csv has no column that is called "label" or "class"',
    ),
    refused(
        "a table without a header", csv("a.png,owl\nb.png,duck\n"), "labels.csv begins with data (line 1: a.png, owl)"
    ),
    problem(
        "a table with a header only",
        csv("filename,label\n"),
        {"a.png": None, "b.png": None},
        "a.png has no usable row in the table",
    ),
    refused("an empty table", csv(""), "labels.csv"),
    refused("a table of Excel with the suffix .csv", csv(b"PK\x03\x04" + bytes(60)), "labels.csv"),
    # Boxes
    exact("boxes as x, y, width, height", box("4,5,30,20"), {"a.png": boxed(("owl", 4, 5, 30, 20)), "b.png": DUCK_BOX}),
    exact(
        "boxes as xmin, ymin, xmax, ymax",
        csv("filename,label,xmin,ymin,xmax,ymax\na.png,owl,4,5,34,25\nb.png,duck,2,3,22,13\n"),
        {"a.png": boxed(("owl", 4, 5, 30, 20)), "b.png": DUCK_BOX},
    ),
    exact(
        "several boxes on a photo",
        csv(BOXES + "a.png,owl,4,5,30,20\na.png,duck,2,3,20,10\nb.png,duck,2,3,20,10\n"),
        {"a.png": boxed(("owl", 4, 5, 30, 20), ("duck", 2, 3, 20, 10)), "b.png": DUCK_BOX},
    ),
    exact(
        "decimal commas in a table with semicolons",
        csv((BOXES + "a.png,owl,4!5,5,30,20\nb.png,duck,2,3,20,10\n").replace(",", ";").replace("!", ",")),
        {"a.png": boxed(("owl", 4.5, 5, 30, 20)), "b.png": DUCK_BOX},
    ),
    exact(
        "nan in the cells of a photo without a box, as pandas writes it",
        box("nan,nan,nan,nan"),
        {"a.png": "owl", "b.png": DUCK_BOX},
    ),
    exact(
        "-1 in the cells of a photo without a box",
        box("-1,-1,-1,-1"),
        {"a.png": "owl", "b.png": DUCK_BOX},
    ),
    problem("a box with an empty cell", box("4,5,,20"), {"a.png": "owl", "b.png": DUCK_BOX}, "line 2"),
    problem("a box with a word", box("four,5,30,20"), {"a.png": "owl", "b.png": DUCK_BOX}, "line 2", "four"),
    problem(
        "corners in the wrong order",
        box("34,25,4,5", "xmin,ymin,xmax,ymax"),
        {"a.png": "owl", "b.png": boxed(("duck", 2, 3, 18, 7))},
        "line 2",
    ),
    question(
        "boxes in percent",
        {
            "labels.csv": BOXES + "a.png,owl,10,20,50,50\nb.png,duck,50,50,40,40\n",
            **photos("a.png", "b.png", width=40, height=30),
        },
        {"box-beyond": "percent"},
        {"a.png": boxed(("owl", 4, 6, 20, 15)), "b.png": boxed(("duck", 20, 15, 16, 12))},
    ),
    problem(
        "boxes with a percent sign",
        box("10%,20%,50%,50%"),
        {"a.png": "owl", "b.png": DUCK_BOX},
        "line 2: the box (10%, 20%, 50%, 50%) is not four numbers",
    ),
    question(
        "fractions that are centres",
        csv("filename,label,x,y,width,height\na.png,owl,0.9,0.5,0.2,0.5\nb.png,duck,0.5,0.9,0.5,0.2\n"),
        {"box-unit": "fractions-centre"},
        {"a.png": boxed(("owl", 51.2, 12, 12.8, 24)), "b.png": boxed(("duck", 16, 38.4, 32, 9.6))},
    ),
    question(
        "fractions that stick out of the photo a little",
        csv("filename,label,xmin,ymin,xmax,ymax\na.png,owl,0.5,0.5,1.02,1.01\nb.png,duck,0.25,0.25,0.5,0.5\n"),
        {"box-unit": "fractions"},
        {"a.png": boxed(("owl", 32, 24, 33.28, 24.48)), "b.png": boxed(("duck", 16, 12, 16, 12))},
    ),
    question(
        "columns width and height of another photo size",
        csv(
            "filename,width,height,class,xmin,ymin,xmax,ymax\n"
            "a.png,128,96,owl,8,10,68,50\nb.png,128,96,duck,4,6,44,26\n"
        ),
        {"box-size": "scale"},
        {"a.png": boxed(("owl", 4, 5, 30, 20)), "b.png": DUCK_BOX},
        "2 photos have another size than their labels say",
    ),
    question(
        "a turned photo with a box",
        {"labels.csv": BOXES + "a.jpg,owl,2,3,20,10\n", **turned("a.jpg")},
        {"box-orientation": "upright"},
        {"a.jpg": boxed(("owl", 2, 3, 20, 10))},
    ),
    remark(
        "a turned photo with a box and its stored size",
        {
            "labels.csv": "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,64,48,owl,40,4,60,16\n",
            **turned("a.jpg"),
        },
        {"a.jpg": boxed(("owl", 32, 40, 12, 20))},
        "are turned with the photo",
    ),
)
