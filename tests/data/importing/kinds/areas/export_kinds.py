"""Our own exports, imported again: they come back as they were."""

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

from tests.data.importing.kinds.contents import photos
from tests.data.importing.kinds.kind import Core, Files, Kind, Photo, boxed, exact

AREA = "Our own exports"

NUMBERS = count()


def export(format: str, files: Files, answers: Mapping[str, str] | None = None) -> Callable[[Path, Core], Path]:
    """Import these files into a project, and export it."""

    def write(folder: Path, core: Core) -> Path:
        for name, content in files.items():
            path = folder / "first" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        project, out = f"Export {next(NUMBERS)}", folder / f"{format}.zip"
        given = [word for name, key in (answers or {}).items() for word in ("--answer", f"{name}={key}")]
        for words in (
            ("import", folder / "first", "--project", project, "--yes", *given),
            ("labels", "--project", project, "--format", format, "--out", out),
        ):
            code, said = core(*words)
            assert code == 0, said
        return out

    return write


CLASSES: Files = {
    "labels.csv": "filename,label,split\na.png,barn owl,train\nx/b.png,Ente (grün),val\nc.png,barn owl,test\nd.png,,\n",
    **photos("a.png", "x/b.png", "c.png", "d.png"),
}
MEANT_CLASSES = {
    "a.png": ("barn owl", "train"),
    "x/b.png": ("Ente (grün)", "val"),
    "c.png": ("barn owl", "test"),
    "d.png": None,
}
BOXES: Files = {
    "labels.csv": "filename,label,split,x,y,width,height\na.png,owl,train,4.5,5,30,20\na.png,duck,train,2,3,20,10\n"
    "x/b.png,duck,val,0,0,64,48\nc.png,,,,,,\n",
    **photos("a.png", "x/b.png", "c.png"),
}
MEANT_BOXES = {
    "a.png": boxed(("owl", 4.5, 5, 30, 20), ("duck", 2, 3, 20, 10), split="train"),
    "x/b.png": boxed(("duck", 0, 0, 64, 48), split="val"),
    "c.png": None,
}
ODD_NAMES = ("x/IMG_1.png", "x/img_1.png", "con/2.png", "y/dot..png", "y/" + "long" * 40 + ".png")
ODD: Files = {"labels.csv": "filename,label\n" + "".join(f"{name},owl\n" for name in ODD_NAMES), **photos(*ODD_NAMES)}
LETTERS: Files = {"labels.csv": "filename,label\n1.png,a\n2.png,A\n", **photos("1.png", "2.png")}
GROUPS: Files = {"labels.csv": "filename,label,patient\na.png,ill,p1\nb.png,well,p2\n", **photos("a.png", "b.png")}

KINDS: tuple[Kind, ...] = (
    *(
        exact(f"{format}: classes, splits, umlauts, a photo without a label", export(format, CLASSES), MEANT_CLASSES)
        for format in ("csv", "folders", "hugging-face", "label-studio", "cvat")
    ),
    *(
        exact(f"{format}: several boxes, splits, a photo without a box", export(format, BOXES), MEANT_BOXES)
        for format in ("csv", "coco", "voc", "yolo", "hugging-face", "label-studio", "cvat")
    ),
    *(
        exact(f"{format}: names that some systems cannot have", export(format, ODD), dict.fromkeys(ODD_NAMES, "owl"))
        for format in ("csv", "folders", "hugging-face", "label-studio", "cvat")
    ),
    *(
        exact(
            f"{format}: classes a and A",
            export(format, LETTERS, {"class-case": "two"}),
            {"1.png": "a", "2.png": "A"},
            classes=("a", "A"),
        )
        for format in ("csv", "folders", "hugging-face", "label-studio", "cvat")
    ),
    *(
        exact(
            f"{format}: groups",
            export(format, GROUPS),
            {"a.png": Photo("ill", group="p1"), "b.png": Photo("well", group="p2")},
        )
        for format in ("csv", "folders", "label-studio")
    ),
)
